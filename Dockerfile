# docker build -t copydesk .
# docker run --rm -v /data:/data copydesk run /data/scraped --out /data/news
FROM python:3.12-slim
COPY . /copydesk
RUN pip install --no-cache-dir --constraint /copydesk/constraints.txt /copydesk
# the kernels are compiled here, so that containers start at once, as any user and with a read-only file system
RUN copydesk warm
WORKDIR /data
# an article is cleaned from end to end; nothing outside of the folder for temporary files is written
HEALTHCHECK --interval=5m --timeout=2m --start-period=1m CMD ["copydesk", "warm", "--quiet"]
ENTRYPOINT ["copydesk"]
CMD ["--help"]
