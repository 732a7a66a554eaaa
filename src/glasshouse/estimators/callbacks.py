"""scikit-learn's callbacks (1.9 and later) on this package's watchers: an epoch is a task of the fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..training.state import State
from ..training.watchers import Watcher

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn before 1.9 has no callbacks, and neither has an estimator here

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""


__all__ = ["CallbackSupportMixin", "CallbackWatcher", "callback_watchers"]


class CallbackWatcher(Watcher):
    """Tells scikit-learn's callbacks of every epoch; one that returns True ends the fit.

    Parameters
    ----------
    estimator : estimator
    context : sklearn.callback.CallbackContext
        The root of this fit.
    arguments : dict
        X, y and metadata of the fit, as the hooks are shown them.
    attributes : (state) -> dict
        What makes a clone of the estimator ready to predict.
    """

    def __init__(
        self, estimator: Any, context: Any, arguments: dict[str, Any], attributes: Callable[[State], dict[str, Any]]
    ):
        self.estimator, self.context, self.arguments, self.attributes = estimator, context, arguments, attributes
        self.epoch: Any = None

    def _shown(self, state: State) -> dict[str, Any]:
        return {
            "estimator": self.estimator,
            **self.arguments,
            "reconstruction_attributes": lambda: self.attributes(state),
        }

    def before_epoch(self, state: State) -> None:
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(**self._shown(state))

    def after_epoch(self, state: State) -> bool:
        return bool(self.epoch.call_on_fit_task_end(**self._shown(state)))


def callback_watchers(
    estimator: Any, max_epochs: int, arguments: dict[str, Any], attributes: Callable[[State], dict[str, Any]]
) -> list[CallbackWatcher]:
    """A watcher for the callbacks that were set on an estimator; none where there are none."""
    if not getattr(estimator, "_skl_callbacks", None):
        return []
    context = estimator._init_callback_context(max_subtasks=max_epochs)
    context.call_on_fit_task_begin(estimator=estimator, **arguments)
    return [CallbackWatcher(estimator, context, arguments, attributes)]


def callbacks_done(watchers: list[CallbackWatcher], state: State) -> None:
    """Tell the callbacks that the fit as a whole has ended."""
    for watcher in watchers:
        watcher.context.call_on_fit_task_end(**watcher._shown(state))
