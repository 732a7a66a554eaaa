"""An ONNX file as a model: one that somebody else's tool wrote, or one of our own that comes back."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...errors import GlasshouseError, ModelFileError, OptionError
from ...network.network import Network
from ...storage import as_type
from ...tables.encoder import TableEncoding
from ...training.recipe import Recipe
from ..model import Model
from .parts import recipe_of

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

    from .onnx_reading import Found

__all__ = ["PREFIX", "from_onnx", "needs_onnx", "seal"]

PREFIX = "glasshouse."  # of what our own files say of themselves
LARGEST = 1 << 31  # bytes: what the format can hold


def needs_onnx() -> None:
    """Say how to get the package onnx where it is missing.

    Raises
    ------
    OptionError
        If it is.
    """
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise OptionError("ONNX files need the package onnx: pip install onnx") from error


def seal(graph: GraphProto, said: Mapping[str, str]) -> str:
    """SHA-256 of a graph and of what its file says of it: whether anybody has changed one of them since."""
    digest = hashlib.sha256(graph.SerializeToString(deterministic=True))
    digest.update(json.dumps(dict(said), sort_keys=True).encode())
    return digest.hexdigest()


def from_onnx(
    path: str | os.PathLike[str],
    *,
    names: Sequence[str] | None = None,
    classes: Sequence[Any] | None = None,
    target: str | None = None,
) -> Model:
    """The model of an ONNX file, as torch, Keras, skl2onnx or Glasshouse write it.

    Read are fully connected layers (MatMul, Gemm, Add) and the activations Glasshouse knows, however they are spelled;
    labels and probabilities as skl2onnx writes them. Every operator, attribute, shape and type is checked, nothing is
    executed, and no other file is opened. A file that Glasshouse wrote comes back with its columns, classes and
    encoder, unless somebody has changed it.

    Parameters
    ----------
    names : sequence of str, optional
        Of the columns it reads; the file's own, or x1, x2 and so on.
    classes : sequence, optional
        Of its outputs; the file's own where it has labels.
    target : str, optional
        What the column is called that it predicts; the file's own, or target.

    Raises
    ------
    ModelFileError
        If the file is damaged, or holds anything else.
    OptionError
        If names or classes do not fit it, or the package onnx is not installed.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import glasshouse as gh
    >>> from glasshouse.exporting.onnx_graph import graph_of
    >>> model = gh.train("example:iris", target="target", baselines=False, out="")
    >>> path = pathlib.Path(tempfile.mkdtemp(), "iris.onnx")
    >>> _ = path.write_bytes(graph_of(model).SerializeToString())
    >>> bool((from_onnx(path).predict("example:iris") == model.predict("example:iris")).all())
    True
    """
    needs_onnx()
    proto, n_bytes = _parsed(path)
    from .onnx_values import Unfit, short

    try:
        said = _said(proto)
        own = _own(proto, said) if said else _Own()
        found = _read(proto, n_bytes, own)
    except Unfit as error:
        raise ModelFileError(f"{path}: {error}") from error
    if own.encoder is not None and names is not None:
        raise OptionError(f"{path} has columns of its own, and an encoder for them: leave names out")
    thing = _Network.of(found, own.classes)
    if found.both and thing.classes_ is None and classes is None:
        raise OptionError(f"{path} gives the probabilities of two classes: name them")
    try:
        model = Model.of(
            thing,
            names=own.features if names is None else names,
            classes=classes,
            target=(own.target or "target") if target is None else target,
        )
    except OptionError:
        raise
    except (GlasshouseError, ValueError, TypeError) as error:
        raise ModelFileError(f"{path}: its parts do not fit each other ({short(str(error))})") from error
    return model if own.encoder is None else _encoded(path, model, own.encoder)


def _parsed(path: str | os.PathLike[str]) -> tuple[ModelProto, int]:
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    try:
        if os.path.getsize(path) > LARGEST:
            raise ModelFileError(f"{path} has {os.path.getsize(path):,} bytes: an ONNX file has at most {LARGEST:,}")
        with open(path, "rb") as file:
            data = file.read()
        proto = ModelProto()
        proto.ParseFromString(data)
    except FileNotFoundError as error:
        raise ModelFileError(f"{path}: there is no such file") from error
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from error
    except (DecodeError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{path} is no ONNX file, or is damaged: save it again") from error
    if not proto.HasField("graph"):
        raise ModelFileError(f"{path} is no ONNX file, or is damaged: it holds no graph")
    return proto, len(data)


def _said(proto: ModelProto) -> dict[str, str]:
    """What a file of ours says of itself; nothing in the files of others."""
    from .onnx_values import Unfit

    if not all(isinstance(text, str) for prop in proto.metadata_props for text in (prop.key, prop.value)):
        raise Unfit("its metadata is no text (UTF-8): the file is damaged")  # protobuf hands on bytes then
    return {prop.key.removeprefix(PREFIX): prop.value for prop in proto.metadata_props if prop.key.startswith(PREFIX)}


@dataclass(frozen=True, eq=False)
class _Own:
    """What a file of ours says of itself."""

    start: str | None = None
    target: str | None = None
    features: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    encoder: TableEncoding | None = None


def _own(proto: ModelProto, said: dict[str, str]) -> _Own:
    from .onnx_values import Unfit, short

    sealed = said.pop("sha256", "")
    if sealed != seal(proto.graph, said):
        raise Unfit(
            "it was changed after Glasshouse wrote it (its SHA-256 does not match): export it again, or take "
            f"its metadata {PREFIX}* out to have it read as anybody's"
        )
    try:
        return _Own(
            said["network"] if "encoder" in said else None,
            said["target"],
            as_type(json.loads(said["features"]), tuple[str, ...], "features"),
            as_type(json.loads(said["classes"]), tuple[str, ...], "classes") if "classes" in said else None,
            TableEncoding.from_dict(json.loads(said["encoder"])) if "encoder" in said else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, ArithmeticError) as error:
        raise Unfit(f"what it says of itself cannot be read ({short(str(error))}): export it again") from error


def _read(proto: ModelProto, n_bytes: int, own: _Own) -> Found:
    from .onnx_reading import network_in

    return network_in(proto, n_bytes, own.start)


@dataclass(frozen=True, eq=False)
class _Network:
    """A network of a file, as `Model.of` takes one over."""

    network_: Network
    recipe_: Recipe
    classes_: tuple[str, ...] | None

    @classmethod
    def of(cls, found: Found, classes: tuple[str, ...] | None) -> _Network:
        classes = found.classes if classes is None else classes
        return cls(found.network, recipe_of(found.network, classes is not None, 0.001), classes)


def _encoded(path: str | os.PathLike[str], model: Model, encoder: TableEncoding) -> Model:
    """The model with the encoder of the file in front, if that fits it."""
    fits = len(encoder.feature_names) == model.network.n_features
    if not fits or not {model.target, *(e.name for e in encoder.encodings)} <= set(encoder.names):
        raise ModelFileError(f"{path}: its encoder and its network do not fit each other: export it again")
    return replace(model, encoder=encoder)
