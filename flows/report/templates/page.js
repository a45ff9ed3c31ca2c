"use strict";
(() => {
  const number = (count, what) => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
  const $ = (id) => document.getElementById(id);
  const template = $("proof");
  if (!template) return;
  const data = JSON.parse($("data").textContent);
  const AT_ONCE = 20;
  const key = `copydesk marks ${data.dataset} ${data.run} ${data.finished}`;

  // ---- marks: kept in this browser between visits, where it allows that

  const nameOf = (proof, p) => `${proof.document_id} ${p.position}`;
  let marks = new Map();
  try {
    marks = new Map(Object.entries(JSON.parse(localStorage.getItem(key) || "{}")));
  } catch { /* a browser that keeps nothing */ }

  function setMark(proof, p, mark) {
    if (mark) marks.set(nameOf(proof, p), mark);
    else marks.delete(nameOf(proof, p));
    try {
      localStorage.setItem(key, JSON.stringify(Object.fromEntries(marks)));
    } catch { /* the marks last as long as the page */ }
    $("save").disabled = marks.size === 0;
  }

  function marksFile() {
    const found = [];
    for (const proof of data.proofs) {
      for (const p of proof.paragraphs) {
        const mark = p.reason && marks.get(nameOf(proof, p));
        if (mark) found.push({ document_id: proof.document_id, position: p.position, reason: p.reason, rule: p.rule, mark });
      }
    }
    return { format: 1, dataset: data.dataset, run: data.run, marks: found };
  }

  function save() {
    const file = marksFile();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1) + "\n"], { type: "application/json" }));
    link.download = "marks.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    say(`${number(file.marks.length, "mark")} saved as marks.json`);
  }

  // ---- which proofs are shown, and in which order

  const isSampled = (p) => p.turn !== undefined;
  const NEAR = "kept, nearly duplicate";
  const reasonOf = (p) => p.reason ?? (p.near ? NEAR : undefined);
  const isBorderline = (p) => p.margin !== undefined && p.margin < data.borderline;

  function textOf(proof) {
    if (proof.search === undefined) {
      const words = [proof.title, proof.source, proof.uri, proof.url, proof.language];
      for (const p of proof.paragraphs) {
        words.push(p.text, reasonOf(p), p.rule, p.detail, p.before);
        if (p.witness) words.push(p.witness.text, p.witness.source, p.witness.uri, p.witness.title);
      }
      proof.search = words.filter(Boolean).join("\n").toLocaleLowerCase();
    }
    return proof.search;
  }

  function matches(proof, p) {
    const mark = marks.get(nameOf(proof, p));
    const wanted = $("marked").value;
    return isSampled(p) && (!$("reason").value || reasonOf(p) === $("reason").value)
      && (!wanted || (!p.near && (wanted === "none" ? !mark : mark === wanted)));
  }

  let found = [];
  let shown = 0;

  function filter() {
    const words = $("search").value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    found = [];
    let paragraphs = 0;
    for (const proof of data.proofs) {
      if ($("source").value && (proof.source ?? "") !== $("source").value.slice(1)) continue;
      const those = proof.paragraphs.filter((p) => matches(proof, p));
      if (!those.length || !words.every((word) => textOf(proof).includes(word))) continue;
      paragraphs += those.length;
      found.push({ proof, first: Math.min(...those.map((p) => p.turn)) });
    }
    if ($("order").value === "turn") found.sort((a, b) => a.first - b.first);
    else found.sort((a, b) => a.proof.uri.localeCompare(b.proof.uri, "en", { numeric: true }));
    $("list").replaceChildren();
    shown = 0;
    more();
    say(found.length ? `${number(paragraphs, "paragraph")} in ${number(found.length, "document")}` : "No proof matches");
  }

  function more() {
    const next = found.slice(shown, shown + AT_ONCE);
    shown += next.length;
    $("list").append(...next.map(({ proof }) => card(proof)));
    const left = found.length - shown;
    $("more").hidden = left === 0;
    $("more").textContent = `Show more (${left} left)`;
    return next.length;
  }

  function say(text) {
    const count = marks.size ? `; ${number(marks.size, "removal")} marked` : "";
    $("status").textContent = text + count;
  }

  // ---- a proof, from the template

  /** Fill the elements of `place` that show the fields of a record, and remove those whose field is not there. */
  function fill(place, record) {
    for (const element of place.querySelectorAll("[data-if]")) {
      if (valueOf(record, element.dataset.if) == null) element.remove();
    }
    for (const element of place.querySelectorAll("[data-field]")) {
      const value = valueOf(record, element.dataset.field);
      if (value == null || value === "") element.hidden = true;
      else element.textContent = Array.isArray(value) ? value.join(", ") : value;
    }
  }

  const valueOf = (record, path) => path.split(".").reduce((value, name) => value?.[name], record);
  const dateOf = (text) => text && text.slice(0, 16).replace("T", " ").replace(" 00:00", "");

  function card(proof) {
    const article = template.content.firstElementChild.cloneNode(true);
    const sample = article.querySelector("[data-paragraph]");
    sample.remove();
    fill(article, { ...proof, title: proof.title || "(no title)", published: dateOf(proof.published) });
    const list = article.querySelector(".paragraphs");
    let next = 0;
    for (const p of proof.paragraphs) {
      if (p.position > next) list.append(gap(p.position - next));
      list.append(paragraph(proof, p, sample));
      next = p.position + 1;
    }
    const last = proof.paragraphs.at(-1);
    if (last.of > next) list.append(gap(last.of - next));
    return article;
  }

  function gap(count) {
    const item = document.createElement("li");
    item.className = "gap";
    const text = document.createElement("span");
    text.textContent = number(count, "paragraph");
    item.append(text);
    return item;
  }

  function paragraph(proof, p, sample) {
    const item = sample.cloneNode(true);
    const own = item.querySelector(".own .text");
    item.classList.toggle("removed", Boolean(p.reason));
    item.classList.toggle("labelled", Boolean(p.labelled));
    item.classList.toggle("near", Boolean(p.near));
    fill(item, {
      ...p,
      note: reasonOf(p),
      reason: p.labelled ? `${reasonOf(p)}, labelled` : reasonOf(p),
      marks: p.reason,
      here: p.near ? "Kept here" : p.labelled ? "Labelled here" : "Removed here",
      rule: p.near ?? p.rule,
      borderline: isBorderline(p) ? true : null,
      text: p.text || "(empty after repair)",
      witness: p.witness && {
        ...p.witness,
        jaccard: p.witness.jaccard?.toFixed(2),
        text: p.witness.text ?? (p.rule?.endsWith(" in a reference")
          ? "(in a reference, whose texts are not copied)"
          : "(its run lies too far back; copydesk explain shows it)"),
        published: dateOf(p.witness.published),
      },
    });
    const borderline = item.querySelector(".borderline");
    if (borderline) borderline.textContent = "borderline";
    const words = p.reason ? own.appendChild(document.createElement(p.labelled ? "span" : "del")) : own;
    if (p.witness?.text) showDifference(words, p.text, item.querySelector(".witness .text"), p.witness.text);
    else if (p.reason) words.textContent = p.text;
    if (p.reason) {
      own.replaceChildren(words);
      const buttons = item.querySelector(".marks");
      buttons.setAttribute("aria-label", `Is it right to ${p.labelled ? "label" : "remove"} paragraph ${p.position}?`);
      item.proof = proof;
      item.paragraph = p;
      showMark(item);
    }
    return item;
  }

  function showMark(item) {
    const mark = marks.get(nameOf(item.proof, item.paragraph));
    for (const button of item.querySelectorAll("[data-mark]")) {
      button.setAttribute("aria-pressed", String(button.dataset.mark === mark));
    }
  }

  // ---- the difference of two texts, by words; of scripts without spaces, by characters

  const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|[\p{L}\p{N}\p{M}]+|\s+|./gsu;

  function showDifference(place, text, otherPlace, other) {
    const a = text.match(WORD) ?? [], b = other.match(WORD) ?? [];
    const common = longestCommon(a, b);
    place.replaceChildren(...pieces(a, common.map(([i]) => i)));
    otherPlace.replaceChildren(...pieces(b, common.map(([, j]) => j)));
  }

  /** Pairs of places of a longest common subsequence. */
  function longestCommon(a, b) {
    let start = 0, endA = a.length, endB = b.length;
    const head = [], tail = [];
    while (start < endA && start < endB && a[start] === b[start]) head.push([start, start++]);
    while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) tail.unshift([--endA, --endB]);
    const n = endA - start, m = endB - start;
    const size = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
    for (let i = n - 1; i >= 0; i--) {
      for (let j = m - 1; j >= 0; j--) {
        size[i][j] = a[start + i] === b[start + j] ? size[i + 1][j + 1] + 1 : Math.max(size[i + 1][j], size[i][j + 1]);
      }
    }
    const middle = [];
    for (let i = 0, j = 0; i < n && j < m;) {
      if (a[start + i] === b[start + j]) middle.push([start + i++, start + j++]);
      else if (size[i + 1][j] >= size[i][j + 1]) i++;
      else j++;
    }
    return [...head, ...middle, ...tail];
  }

  /** The words as nodes: those whose places are not in `common` are marked. White space between two marked words is, too. */
  function pieces(words, common) {
    const same = new Set(common);
    const nodes = [];
    let run = "", marked = false;
    const end = () => {
      if (!run) return;
      const node = marked ? document.createElement("mark") : document.createTextNode(run);
      if (marked) node.textContent = run;
      nodes.push(node);
      run = "";
    };
    words.forEach((word, n) => {
      const between = marked && /^\s+$/.test(word) && n + 1 < words.length && !same.has(n + 1);
      const now = between || !same.has(n);
      if (now !== marked) { end(); marked = now; }
      run += word;
    });
    end();
    return nodes;
  }

  // ---- marking, with the mouse and with keys

  function mark(item, value) {
    const before = marks.get(nameOf(item.proof, item.paragraph));
    setMark(item.proof, item.paragraph, value === before ? null : value);
    showMark(item);
    const now = marks.get(nameOf(item.proof, item.paragraph));
    say(`Paragraph ${item.paragraph.position}: ${now ? `marked as ${now}` : "not marked"}`);
  }

  const removals = () => [...$("list").querySelectorAll(".removed")];

  function go(item, step) {
    let all = removals();
    let place = item ? all.indexOf(item) + step : 0;
    if (place >= all.length && more()) all = removals();
    const next = all[Math.max(0, Math.min(place, all.length - 1))];
    if (!next) return;
    next.querySelector("button").focus({ preventScroll: true });
    next.scrollIntoView({ block: "center" });
  }

  $("list").addEventListener("click", (event) => {
    const button = event.target.closest("[data-mark]");
    if (button) mark(button.closest(".removed"), button.dataset.mark);
  });
  $("list").addEventListener("keydown", (event) => {
    const item = event.target.closest(".removed");
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    const value = { w: "wrong", r: "right", u: null }[event.key.toLowerCase()];
    if (value !== undefined) {
      const before = marks.get(nameOf(item.proof, item.paragraph));
      if (value !== (before ?? null)) mark(item, value ?? before);
      if (value) go(item, 1);
    } else if (event.key === "j" || event.key === "k") go(item, event.key === "j" ? 1 : -1);
    else return;
    event.preventDefault();
  });
  $("list").addEventListener("focusin", (event) => {
    for (const other of $("list").querySelectorAll(".current")) other.classList.remove("current");
    event.target.closest(".removed")?.classList.add("current");
  });

  // ---- the tools

  function options(select, names) {
    const counts = new Map();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const [name, count] of [...counts].sort((a, b) => b[1] - a[1])) {
      const option = document.createElement("option");
      option.value = select.id === "source" ? `=${name}` : name;
      option.textContent = `${name || "(none)"} (${count})`;
      select.append(option);
    }
  }

  options($("reason"), data.proofs.flatMap((proof) => proof.paragraphs.filter(isSampled).map(reasonOf)));
  options($("source"), data.proofs.map((proof) => proof.source ?? ""));
  for (const id of ["reason", "source", "marked", "order"]) $(id).addEventListener("change", filter);
  let waiting = 0;
  $("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  $("search").form.addEventListener("submit", (event) => event.preventDefault());
  $("more").addEventListener("click", more);
  $("save").addEventListener("click", save);
  $("review").addEventListener("click", () => go(null, 0));
  $("save").disabled = marks.size === 0;
  new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) more();
  }, { rootMargin: "600px" }).observe($("more"));
  filter();
})();
