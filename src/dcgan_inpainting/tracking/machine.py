"""How busy the machine is while a stage runs, by MLflow's own monitors of the system."""

from typing import Any

from dcgan_inpainting.tracking.messages import Point

PREFIX = "system/"  # by which MLflow knows them, and shows them on a page of their own


class Machine:
    """Processor, memory and, where there is one, GPU: each since it was last asked for."""

    def __init__(self) -> None:
        self._monitors: list[Any] = []

    def points(self, now: int) -> list[Point]:
        """Return the present load as points of curves; now is in milliseconds since 1970.

        Their steps are seconds since 1970, so that those of a later attempt follow on.
        """
        self._monitors = self._monitors or _monitors()
        values: dict[str, float] = {}
        for monitor in self._monitors:
            monitor.collect_metrics()
            values |= monitor.aggregate_metrics()
            monitor.clear_metrics()
        return [(PREFIX + name, float(value), now, now // 1000) for name, value in values.items()]


def _monitors() -> list[Any]:
    from mlflow.system_metrics.metrics import cpu_monitor, gpu_monitor

    untyped_cpu: Any = cpu_monitor.CPUMonitor
    untyped_gpu: Any = gpu_monitor.GPUMonitor
    try:
        return [untyped_cpu(), untyped_gpu()]
    except (ImportError, RuntimeError):  # no library for it, or no GPU
        return [untyped_cpu()]
