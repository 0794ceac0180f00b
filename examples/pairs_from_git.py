"""Turn the history of a git repository into a preference dataset.

Usage: python examples/pairs_from_git.py REPOSITORY OUTPUT_DIRECTORY
"""

import sys
from pathlib import Path

import themis_rm


def main(repository: str, out: Path) -> None:
    """Mine commits, label pairs and assemble a dataset."""
    commits = themis_rm.mine([repository], out / "mined", any_license=True)
    print(commits)

    pairs = themis_rm.curate(out / "mined" / "commits", out / "pairs")
    print(pairs)
    for row in pairs.records():
        print(f"  {row}")

    dataset = themis_rm.assemble(out / "pairs" / "pairs", out / "dataset", validation=0.1, test=0)
    print(dataset)
    print(f"datasets.load_dataset('{out / 'dataset'}') loads it.")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
