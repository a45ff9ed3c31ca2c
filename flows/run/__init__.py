"""One run: its plan, its stages, the engines that carry these out, and the anomaly guards."""
