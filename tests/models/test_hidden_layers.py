"""Hidden states of several layers from one forward pass, in all layouts."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from themis_rm.errors import CheckpointError
from themis_rm.models.hidden_layers import concatenate_layers, decoder_layers
from themis_rm.models.layouts import PackedLayout, PaddedLayout

IDS = [[1, 2, 3, 4, 5, 6], [1, 2, 3, 9, 8], [7, 6, 5]]
SPANS = [range(3, 6), range(2, 5), range(3)]


@pytest.fixture(params=["llama", "gpt2"])
def language_model(request, tiny_language_model):
    folder = tiny_language_model(request.param)
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def expected(model, layers):
    for ids, span in zip(IDS, SPANS, strict=True):
        states = model(torch.tensor([ids]), output_hidden_states=True).hidden_states
        yield torch.cat([states[layer][0, span.start : span.stop] for layer in (-1, *layers)], dim=-1)


@torch.no_grad()
@pytest.mark.parametrize("layout", [PackedLayout, PaddedLayout])
@pytest.mark.parametrize("layers", [[1], [1, 1]])
def test_layers_follow_the_last_one(language_model, layout, layers):
    if layout is PackedLayout and language_model.config.model_type == "gpt2":
        pytest.skip("GPT-2 does not run packs")
    wanted = list(expected(language_model, layers))
    concatenate_layers(language_model.base_model, layers)
    for indices, states in layout(language_model.base_model).token_states(IDS, SPANS, 100):
        for index, found in zip(indices, states, strict=True):
            torch.testing.assert_close(found, wanted[index], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_padded_batch_has_the_same_states(language_model):
    wanted = list(expected(language_model, [1]))
    concatenate_layers(language_model.base_model, [1])
    for indices, states in PaddedLayout(language_model.base_model, "left").token_states(IDS, SPANS, 100):
        for index, found in zip(indices, states, strict=True):
            torch.testing.assert_close(found, wanted[index], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_no_layers_change_nothing(language_model):
    before = language_model.base_model(torch.tensor([IDS[0]])).last_hidden_state
    concatenate_layers(language_model.base_model, [])
    assert torch.equal(language_model.base_model(torch.tensor([IDS[0]])).last_hidden_state, before)


@pytest.mark.parametrize("layer", [0, 3, -1])
def test_a_layer_that_does_not_exist_is_an_error(language_model, layer):
    with pytest.raises(CheckpointError, match=f"layers 1 to 2, and no layer {layer}"):
        concatenate_layers(language_model.base_model, [layer])


def test_layers_are_found_in_a_language_model_and_in_its_decoder(language_model):
    assert len(decoder_layers(language_model)) == 2
    assert decoder_layers(language_model) is decoder_layers(language_model.base_model)
