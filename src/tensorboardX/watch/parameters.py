"""The parameters that an optimizer changes, by the names that they have in a model."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidTypeError, RefusedValueError, describe

_WRAPPERS = ("_orig_mod.", "_checkpoint_wrapped_module.", "_fsdp_wrapped_module.")  # what torch puts between the names


def checked_model(model: Any) -> Any:
    """Return the module behind what DistributedDataParallel and torch.compile return. Raises TypeError."""
    while True:
        if not callable(getattr(model, "named_parameters", None)):
            raise InvalidTypeError(f"model: got {describe(model)}; accepted is a torch.nn.Module")
        if "_orig_mod" in getattr(model, "_modules", {}):
            model = model._orig_mod
        elif type(model).__name__ in ("DistributedDataParallel", "DataParallel"):
            model = model.module
        else:
            return model


def checked_optimizer(optimizer: Any) -> Any:
    """Return the optimizer whose hooks are called, behind the wrapper of another library. Raises TypeError."""
    inner = optimizer
    while not hasattr(inner, "_optimizer_step_post_hooks") and hasattr(inner, "optimizer"):
        inner = inner.optimizer
    if not callable(getattr(inner, "register_step_post_hook", None)) or not hasattr(inner, "param_groups"):
        raise InvalidTypeError(f"optimizer: got {describe(optimizer)}; accepted is a torch.optim.Optimizer")
    return inner


def watched_parameters(model: Any, optimizer: Any) -> dict[str, Any]:
    """Return the parameters that the optimizer changes now: those of the model by name, others by their place in it.

    Raises ValueError if none is of the model, which was converted or sharded after the optimizer was made, say.
    """
    places = {
        id(parameter): (f"param_groups.{group_number}.{number}", parameter)
        for group_number, group in enumerate(optimizer.param_groups)
        for number, parameter in enumerate(group["params"])
        if parameter.requires_grad
    }
    named = {_plain(name): parameter for name, parameter in model.named_parameters() if places.pop(id(parameter), None)}
    if not named:
        accepted = "accepted is an optimizer of the model's parameters that require gradients"
        raise RefusedValueError(f"watch: the optimizer has none of the model's parameters; {accepted}")
    return named | dict(places.values())


def _plain(name: str) -> str:
    for wrapper in _WRAPPERS:
        name = name.replace(wrapper, "")
    return name
