from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tradigrade.kernel.disk import SystemDisk
from tradigrade.models.faults import WeightsCorrupt
from tradigrade.models.lstm import LstmWeights, encode
from tradigrade.models.registry import KEPT_VERSIONS, ModelMetrics, ModelRegistry
from tradigrade.trading.messages import ModelPublished

SYMBOL, KIND = "BTC/USDT:USDT", "lstm"
METRICS = ModelMetrics(trained_bars=300, log_loss=0.66)
WEIGHTS = LstmWeights(
    mean=np.zeros(2),
    scale=np.ones(2),
    input_weights=np.ones((4, 2)),
    hidden_weights=np.ones((4, 1)),
    bias=np.zeros(4),
    head_weights=np.ones(1),
    head_bias=np.zeros(1),
)


def registry(folder: Path) -> ModelRegistry:
    return ModelRegistry(SystemDisk(), folder)


def put(folder: Path, number: int) -> ModelPublished:
    weights = replace(WEIGHTS, head_bias=np.full(1, float(number)))
    return registry(folder).publish(SYMBOL, KIND, f"{number:08d}", weights=weights, metrics=METRICS)


def test_a_published_model_is_found_and_loads_as_it_was(tmp_path: Path) -> None:
    published = put(tmp_path, 1)
    assert registry(tmp_path).latest(SYMBOL, KIND) == (published, ())
    assert (published.version, published.trained_bars, published.log_loss) == ("00000001", 300, 0.66)
    assert encode(registry(Path()).load(published)) == Path(published.path).read_bytes()
    assert registry(Path()).load(published).head_bias == [1.0]


def test_an_empty_folder_has_no_latest(tmp_path: Path) -> None:
    assert registry(tmp_path / "absent").latest(SYMBOL, KIND) == (None, ())


def test_symbols_and_kinds_do_not_mix(tmp_path: Path) -> None:
    put(tmp_path, 1)
    assert registry(tmp_path).latest("BTC/USDT", KIND).model is None
    assert registry(tmp_path).latest(SYMBOL, "gru").model is None


def test_only_the_last_versions_are_kept_and_leftovers_go(tmp_path: Path) -> None:
    shelf = Path(put(tmp_path, 1).path).parent
    (shelf / "00000002.safetensors").write_bytes(b"published never")
    (shelf / "00000003.json.tmp").write_bytes(b"half")
    for number in range(4, 10):
        newest = put(tmp_path, number)
    kept = [f"{number:08d}" for number in range(10 - KEPT_VERSIONS, 10)]
    expected = sorted(version + suffix for version in kept for suffix in (".json", ".safetensors"))
    assert sorted(path.name for path in shelf.iterdir()) == expected
    assert registry(tmp_path).latest(SYMBOL, KIND).model == newest


@pytest.mark.parametrize(
    ("suffix", "data", "words"),
    [
        (".safetensors", b"other bytes", "sha256"),
        (".safetensors", None, "No such file"),
        (".json", b"{", "manifest"),
        (".json", b"{}", "manifest"),
    ],
)
def test_a_corrupt_version_is_named_and_the_one_before_is_used(
    tmp_path: Path, suffix: str, data: bytes | None, words: str
) -> None:
    before, newest = put(tmp_path, 1), put(tmp_path, 2)
    damaged = Path(newest.path).with_suffix(suffix)
    damaged.unlink() if data is None else damaged.write_bytes(data)
    found = registry(tmp_path).latest(SYMBOL, KIND)
    assert found.model == before
    assert [words in str(fault) and damaged.name in str(fault) for fault in found.faults] == [True]


def test_weights_that_match_their_checksum_but_are_none_are_corrupt(tmp_path: Path) -> None:
    published = put(tmp_path, 1)
    data = b"8 bytes or more"
    Path(published.path).write_bytes(data)
    from hashlib import sha256

    with pytest.raises(WeightsCorrupt, match="safetensors"):
        registry(Path()).load(msgspec.structs.replace(published, sha256=sha256(data).hexdigest()))


def test_weights_without_a_manifest_were_never_published(tmp_path: Path) -> None:
    before, newest = put(tmp_path, 1), put(tmp_path, 2)
    Path(newest.path).with_suffix(".json").unlink()
    assert registry(tmp_path).latest(SYMBOL, KIND) == (before, ())


def test_a_moved_folder_still_loads(tmp_path: Path) -> None:
    put(tmp_path / "old", 1)
    (tmp_path / "old").rename(tmp_path / "new")
    model = registry(tmp_path / "new").latest(SYMBOL, KIND).model
    assert model is not None
    assert registry(Path()).load(model).hidden == 1


@pytest.mark.parametrize("version", ["00000002", "00000001", "", "../up", "a b"])
def test_a_version_must_be_a_plain_name_after_the_newest(tmp_path: Path, version: str) -> None:
    put(tmp_path, 2)
    with pytest.raises(ValueError, match="sorts after '00000002'"):
        registry(tmp_path).publish(SYMBOL, KIND, version, weights=WEIGHTS, metrics=METRICS)


def test_versions_count_on(tmp_path: Path) -> None:
    assert registry(tmp_path).next_version(SYMBOL, KIND) == "00000001"
    put(tmp_path, 41)
    assert registry(tmp_path).next_version(SYMBOL, KIND) == "00000042"
