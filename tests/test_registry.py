"""Registries: items by name from modules, plugins and direct calls."""

import sys
import types
from dataclasses import dataclass

import pytest

from themis_rm.errors import SettingError
from themis_rm.registry import Registry


@dataclass
class Part:
    name: str


@pytest.fixture
def registry():
    return Registry("part", "themis_rm.test-parts")


def register_from(module, registry, item):
    code = compile("registry.register(item)", module, "exec")
    exec(code, {"registry": registry, "item": item, "__name__": module})


def test_items_are_sorted_by_name(registry):
    for name in ("b", "a"):
        registry.register(Part(name))
    assert registry.names() == ["a", "b"]
    assert [item.name for item in registry] == ["a", "b"]


def test_an_unknown_name_is_refused_with_the_closest_one(registry):
    registry.register(Part("alpha"))
    with pytest.raises(SettingError, match=r"Unknown part 'alhpa'. Did you mean 'alpha'\?"):
        registry.get("alhpa")


def test_two_modules_cannot_register_the_same_name(registry):
    register_from("one", registry, Part("a"))
    with pytest.raises(SettingError, match="'a': in one and in two"):
        register_from("two", registry, Part("a"))


def test_a_reloaded_module_replaces_its_item(registry):
    first, second = Part("a"), Part("a")
    register_from("one", registry, first)
    register_from("one", registry, second)
    assert registry.get("a") is second


def test_register_is_a_decorator():
    registry = Registry("part", "themis_rm.test-parts", name_of=lambda kind: kind.__name__)

    @registry.register
    class Example:
        pass

    assert registry.get("Example") is Example


class FakeEntryPoint:
    def __init__(self, value, load):
        self.value, self.load = value, load


def test_plugins_are_loaded_on_first_use(registry, monkeypatch):
    monkeypatch.setattr(
        "themis_rm.registry.entry_points",
        lambda group: [FakeEntryPoint("plugin", lambda: registry.register(Part(group)))],
    )
    assert registry.names() == ["themis_rm.test-parts"]


def test_a_broken_plugin_is_a_warning(registry, monkeypatch):
    def fail():
        raise ImportError("no module named x")

    registry.register(Part("a"))
    monkeypatch.setattr("themis_rm.registry.entry_points", lambda **_: [FakeEntryPoint("plugin", fail)])
    with pytest.warns(UserWarning, match="'plugin' cannot be loaded"):
        assert registry.names() == ["a"]


def test_modules_of_a_package_are_imported_on_first_use(monkeypatch, tmp_path):
    (tmp_path / "parts_of_a_test").mkdir()
    (tmp_path / "parts_of_a_test" / "__init__.py").write_text("")
    (tmp_path / "parts_of_a_test" / "one.py").write_text(
        "import sys\nsys.parts_registry.register(sys.make_part('one'))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry("part", "themis_rm.test-parts", "parts_of_a_test")
    monkeypatch.setattr(sys, "parts_registry", registry, raising=False)
    monkeypatch.setattr(sys, "make_part", Part, raising=False)
    assert not isinstance(sys.modules.get("parts_of_a_test.one"), types.ModuleType)
    assert registry.names() == ["one"]
