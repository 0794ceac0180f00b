"""Results of external benchmarks without a model."""

from themis_rm.evaluation.external.results import ExternalBaseline, ExternalCounts, ExternalResults, Figure


def result(benchmark: str, model: str = "m", value: float = 0.75, **values: object) -> ExternalResults:
    """Return a result on 40 prompts with one section and a baseline."""
    figures = [
        Figure(name="overall", level="overall", value=value, low=value - 0.1, high=value + 0.1, prompts=40),
        Figure(name="Chat", level="section", value=value, low=value - 0.2, high=value + 0.2, prompts=10),
    ]
    fields: dict[str, object] = {
        "benchmark": benchmark,
        "title": benchmark.title(),
        "citation": "somewhere",
        "model": model,
        "family": "f",
        "model_digest": "d",
        "model_facts": {},
        "benchmark_digest": "b",
        "prompts": "none",
        "prompt_digest": "",
        "limit": None,
        "confidence_level": 0.95,
        "versions": {},
        "figures": figures,
        "baselines": [ExternalBaseline(name="length", figures=[figures[0].model_copy(update={"value": 0.5})])],
        "counts": ExternalCounts(read=40, scored=40, failed={}, truncated=0, ties=0, rejected={}),
    }
    return ExternalResults.model_validate({**fields, **values})
