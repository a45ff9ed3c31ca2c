"""One run: its plan, its stages, the engines that execute them, and the anomaly guards."""
