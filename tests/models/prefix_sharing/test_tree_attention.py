"""Every token of a pack has the hidden state that it has in its sequence alone."""

import random

import pytest

from themis_rm.models.prefix_sharing.packing import packs

KINDS = ["qwen3", "qwen2", "llama", "mistral", "gemma2"]


@pytest.fixture(scope="module")
def loaded(tiny_checkpoint):
    """Return a function that loads two equal models: one unchanged, and one that runs packs."""
    from transformers import AutoModelForSequenceClassification

    from themis_rm.models.prefix_sharing.tree_attention import enable

    models = {}

    def load(kind):
        if kind not in models:
            plain, packed = (
                AutoModelForSequenceClassification.from_pretrained(tiny_checkpoint(kind)) for _ in range(2)
            )
            if kind == "gemma2":
                plain.set_attn_implementation("eager")
            enable(packed)
            models[kind] = plain, packed
        return models[kind]

    return load


def run_alone(model, ids):
    import torch

    with torch.no_grad():
        return model.base_model(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0]


def largest_difference(models, sequences, budget=100_000, min_saving=16):
    import torch

    from themis_rm.models.prefix_sharing.tree_attention import hidden_states

    plain, packed = models
    largest = 0.0
    for pack in packs(sequences, budget, min_saving):
        with torch.no_grad():
            hidden = hidden_states(packed, pack)
            reverse = pack.last[::-1].copy()
            largest = max(largest, float((hidden_states(packed, pack, reverse) - hidden[reverse]).abs().max()))
        for k, member in enumerate(pack.members):
            expected = run_alone(plain, sequences[member])
            largest = max(largest, float((hidden[pack.rows(k)] - expected).abs().max()))
    return largest


def tokens(rng, count):
    return [rng.randrange(3, 1000) for _ in range(count)]


def pair(rng):
    prompt = tokens(rng, 150)
    return [prompt + tokens(rng, 301), prompt + tokens(rng, 77)]


def candidates(rng):
    prompt = tokens(rng, 90)
    return [prompt + tokens(rng, rng.randrange(1, 60)) for _ in range(40)]


def deep(rng):
    prefix, sequences = [], []
    for _ in range(12):
        prefix = prefix + tokens(rng, rng.choice([1, 2, 33]))
        sequences += [prefix, prefix + tokens(rng, 20)]
    return sequences


def singles(rng):
    return [[5], [6], [5, 7], [5, 7], [5] * 700]


SHAPES = {"pair": pair, "candidates": candidates, "deep": deep, "singles": singles}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_hidden_states_equal_those_of_separate_sequences(kind, shape, loaded):
    assert largest_difference(loaded(kind), SHAPES[shape](random.Random(3)), min_saving=1) < 1e-5


def test_a_pack_may_contain_different_trees(loaded):
    rng = random.Random(5)
    sequences = [*pair(rng), *candidates(rng), *deep(rng)]
    assert largest_difference(loaded("qwen3"), sequences, budget=2000) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_flex_attention_and_sdpa_agree(kind, loaded, monkeypatch):
    """Replace a GPU: FlexAttention without compilation, on a CPU, in a row with padding."""
    import torch

    from themis_rm.models.prefix_sharing import tree_attention

    rng = random.Random(1)
    (pack,) = packs([*deep(rng), tokens(rng, 100)], 10_000, min_saving=1)
    model = loaded(kind)[1]

    def with_flex(_module, query, key, value, _mask, *, tree, scaling, sliding_window=None, softcap=None, **_):
        mask = tree.block_mask(sliding_window, query.device)
        return tree_attention.flex(query, key, value, mask, scaling, softcap).transpose(1, 2), None

    rows, length = len(pack.ids), len(pack.ids) + 61
    tree = tree_attention.AttentionTree(pack, length)
    ids = torch.nn.functional.pad(torch.from_numpy(pack.ids), (0, length - rows))
    inputs = {"input_ids": ids[None], "position_ids": tree.positions[None], "use_cache": False, "tree": tree}
    with torch.no_grad():
        expected = tree_attention.hidden_states(model, pack)
        monkeypatch.setitem(tree_attention.AttentionInterface._global_mapping, tree_attention.NAME, with_flex)
        hidden = model.base_model(**inputs).last_hidden_state[0]
    assert bool(hidden.isfinite().all())
    assert float((hidden[:rows] - expected).abs().max()) < 1e-5


def test_the_last_layer_computes_only_the_requested_rows(loaded):
    import torch

    from themis_rm.models.prefix_sharing.tree_attention import hidden_states

    model = loaded("llama")[1]
    (pack,) = packs(pair(random.Random(2)), 10_000)
    computed = []
    handles = [
        layer.mlp.register_forward_hook(lambda _, inputs, __: computed.append(inputs[0].shape[1]))
        for layer in model.base_model.layers
    ]
    with torch.no_grad():
        hidden_states(model, pack, pack.last)
        hidden_states(model, pack)
    hidden_states(model, pack, pack.last)
    for handle in handles:
        handle.remove()
    assert computed == [len(pack.ids), 2] + [len(pack.ids)] * 4


def test_gradients_equal_those_of_separate_sequences(loaded):
    import torch

    from themis_rm.models.prefix_sharing.tree_attention import hidden_states

    plain, packed = loaded("qwen3")
    sequences = pair(random.Random(2))
    (pack,) = packs(sequences, 10_000)
    hidden_states(packed, pack)[torch.from_numpy(pack.last)].sum().backward()
    for ids in sequences:
        plain.base_model(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0, -1].sum().backward()
    for (name, weight), (_, other) in zip(packed.named_parameters(), plain.named_parameters(), strict=True):
        if name != "score.weight":
            assert torch.allclose(weight.grad, other.grad, rtol=1e-4, atol=1e-4), name


@pytest.mark.parametrize("kind", KINDS)
def test_the_five_architectures_are_supported_and_not_changed(kind, tiny_checkpoint):
    from transformers import AutoModelForSequenceClassification

    from themis_rm.models.prefix_sharing.tree_attention import supports

    model = AutoModelForSequenceClassification.from_pretrained(tiny_checkpoint(kind))
    before = model.config._attn_implementation
    assert supports(model)
    assert model.config._attn_implementation == before
    assert not model.training


def tiny(kind, **extra):
    import torch
    from transformers import AutoConfig, AutoModel

    sizes = {
        "vocab_size": 64,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 64,
        "pad_token_id": 0,
    }
    torch.manual_seed(0)
    return AutoModel.from_config(AutoConfig.for_model(kind, **sizes, **extra))


def test_attention_sinks_are_not_supported():
    from themis_rm.models.prefix_sharing.tree_attention import supports

    assert not supports(tiny("gpt_oss", head_dim=8, num_local_experts=2, num_experts_per_tok=1))


def test_layers_with_a_state_are_not_supported():
    from themis_rm.models.prefix_sharing.tree_attention import supports

    assert not supports(tiny("qwen3_next", head_dim=8, layer_types=["linear_attention", "full_attention"]))


def test_an_encoder_is_not_supported():
    from themis_rm.models.prefix_sharing.tree_attention import supports

    assert not supports(tiny("bert"))


def test_a_sliding_window_that_is_not_passed_to_attention_is_not_supported(tiny_checkpoint, monkeypatch):
    from transformers import AutoModelForSequenceClassification

    from themis_rm.models.prefix_sharing import tree_attention

    def without_window(*args, sliding_window=None, **kwargs):
        return tree_attention.attend(*args, **kwargs)

    model = AutoModelForSequenceClassification.from_pretrained(tiny_checkpoint("mistral"))
    assert tree_attention.supports(model)
    monkeypatch.setitem(tree_attention.AttentionInterface._global_mapping, tree_attention.NAME, without_window)
    assert not tree_attention.supports(model)
