"""The license in the metadata of packages; damaged files have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.mining.package_metadata import is_package_metadata, metadata_license


@pytest.mark.parametrize(
    ("name", "text", "expression"),
    [
        ("package.json", '{"license": "MIT"}', "MIT"),
        ("package.json", '{"license": {"type": "ISC", "url": "x"}}', "ISC"),
        ("package.json", '{"licenses": [{"type": "MIT"}, {"type": "GPL-2.0"}]}', "MIT OR GPL-2.0"),
        ("package.json", '{"license": "UNLICENSED"}', None),
        ("package.json", '{"license": "SEE LICENSE IN x.txt"}', None),
        ("package.json", '{"license": 7}', None),
        ("composer.json", '{"license": ["LGPL-2.1-only", "GPL-3.0-or-later"]}', "LGPL-2.1 OR GPL-3.0"),
        ("Cargo.toml", '[package]\nlicense = "MIT/Apache-2.0"\n', "MIT OR Apache-2.0"),
        ("Cargo.toml", '[workspace.package]\nlicense = "Zlib"\n[package]\nlicense.workspace = true\n', "Zlib"),
        ("pyproject.toml", '[project]\nlicense = "BSD-3-Clause"\n', "BSD-3-Clause"),
        ("pyproject.toml", '[project]\nlicense = {text = "MIT License"}\n', "MIT"),
        ("pyproject.toml", '[tool.poetry]\nlicense = "MIT"\n', "MIT"),
        ("pyproject.toml", '[project]\nclassifiers = ["License :: OSI Approved :: MIT License"]\n', "MIT"),
        ("setup.cfg", "[metadata]\nlicense = Apache 2.0\n", "Apache-2.0"),
        ("setup.py", "setup(name='a', license='MIT')", "MIT"),
        ("a.gemspec", 'Gem.new do |s|\n  s.licenses = ["MIT", "Ruby"]\nend', "MIT OR Ruby"),
        ("pom.xml", "<project><licenses><license><name>Apache License, Version 2.0</name></license></licenses></project>",
         "Apache-2.0"),
        ("A.csproj", "<PropertyGroup><PackageLicenseExpression>MIT</PackageLicenseExpression></PropertyGroup>", "MIT"),
        ("a.nuspec", '<license type="expression">MIT OR Apache-2.0</license>', "MIT OR Apache-2.0"),
        ("go.mod", "license MIT", None),
    ],
)  # fmt: skip
def test_each_package_manager(name, text, expression):
    assert metadata_license(name, text) == expression


@given(
    st.sampled_from(["package.json", "Cargo.toml", "pyproject.toml", "setup.cfg", "setup.py", "x.gemspec", "pom.xml"]),
    st.text(),
)
def test_damaged_files_have_none(name, text):
    assert is_package_metadata(name)
    metadata_license(name, text)


def test_deep_nesting_has_none():
    assert metadata_license("package.json", "[" * 100_000) is None
