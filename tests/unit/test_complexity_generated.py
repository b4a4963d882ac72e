"""Which operators a compiler that generates kernels computes together, and what the kernels move."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import fusion  # noqa: E402 - after the skip
from torch import nn  # noqa: E402

from advisor.complexity import live, trace  # noqa: E402

FLOAT = 4
IMAGE = 16 * 8 * 8 * FLOAT
"""Bytes of what the convolutions below put out."""


def conv():
    return nn.Conv2d(16, 16, 3, padding=1, bias=False)


class Chain(nn.Module):
    """Operators, one after the other; `add` keeps the input for the end."""

    def __init__(self, *steps, add=False):
        super().__init__()
        self.steps, self.add = nn.Sequential(*steps), add

    def forward(self, x):
        return x + self.steps(x) if self.add else self.steps(x)


class Gate(nn.Module):
    def forward(self, x):
        return (x * 2.0) * (x * 2.0).sigmoid()


class Halves(nn.Module):
    """Two parts put side by side: made here, or by convolutions."""

    def __init__(self, one, two, last):
        super().__init__()
        self.one, self.two, self.last = one, two, last

    def forward(self, x):
        return self.last(torch.cat([self.one(x), self.two(x)], 1))


class Windows(nn.Module):
    """Norm, then a copy in another order."""

    def forward(self, x):
        x = nn.functional.layer_norm(x, (8,))
        return x.reshape(-1, 16, 2, 4, 8).permute(0, 1, 3, 2, 4).contiguous()


def moved(*steps, **options):
    extras = trace(Chain(*steps, **options), 8, in_chans=16).complexity.extras
    return {name: extras.get(f"generated_{name}_bytes", 0.0) / IMAGE for name in ("light", "statistics", "pool")}


def kernels(*steps):
    return trace(Chain(*steps), 8, in_chans=16).complexity.extras["generated_kernels"]


def test_norm_and_activation_after_a_convolution_are_one_kernel_that_is_not_part_of_it():
    steps = conv(), nn.BatchNorm2d(16), nn.ReLU(), conv()
    assert moved(*steps) == {"light": 2.0, "statistics": 0.0, "pool": 0.0}
    assert kernels(*steps) == 3


def test_nothing_is_generated_between_two_convolutions():
    assert moved(conv(), conv()) == {"light": 0.0, "statistics": 0.0, "pool": 0.0}


def test_a_skip_connection_reads_the_norm_before_it_in_its_own_kernel():
    block = Chain(conv(), nn.BatchNorm2d(16), add=True)
    assert moved(conv(), block, conv())["light"] == 3.0  # both convolutions read, the sum written


def test_a_shortcut_with_a_norm_of_its_own_is_computed_where_the_sum_is():
    class Shortcut(nn.Module):
        def __init__(self):
            super().__init__()
            self.main = nn.Sequential(conv(), nn.ReLU(), conv(), nn.BatchNorm2d(16))
            self.side = nn.Sequential(conv(), nn.BatchNorm2d(16))

        def forward(self, x):
            return self.main(x) + self.side(x)

    assert moved(conv(), Shortcut(), conv())["light"] == 2.0 + 3.0


def test_a_tensor_that_two_operators_of_a_kernel_use_is_not_read_again():
    assert moved(conv(), Gate(), conv())["light"] == 2.0


def test_norms_that_take_statistics_go_on_from_a_sum_and_group_norms_read_twice():
    assert moved(conv(), nn.ReLU(), nn.LayerNorm(8), conv()) == {"light": 0.0, "statistics": 2.0, "pool": 0.0}
    assert moved(conv(), nn.ReLU(), nn.GroupNorm(4, 16), conv()) == {"light": 2.0, "statistics": 3.0, "pool": 0.0}


def test_windows_that_overlap_need_their_input_written_and_others_do_not():
    assert moved(conv(), nn.ReLU(), nn.MaxPool2d(3, 1, 1), conv()) == {"light": 2.0, "statistics": 0.0, "pool": 2.0}
    assert moved(conv(), nn.ReLU(), nn.MaxPool2d(2), conv())["pool"] == 1.25


class Both(nn.Module):
    """The sum of an activation and of a window over it, in either order."""

    def __init__(self, other, first):
        super().__init__()
        self.other, self.first = other, first

    def forward(self, x):
        x = x.relu()
        y = self.other(x)
        return x + y if self.first else y + x


@pytest.mark.parametrize("other", [nn.MaxPool2d(3, 1, 1), nn.GroupNorm(4, 16)])
def test_a_kernel_never_waits_for_itself_whatever_the_order_of_its_inputs(other):
    one, two = (moved(conv(), Both(other, first), conv()) for first in (True, False))
    assert one == two
    assert one["light"] == 2.0  # the activation is written, the sum is made where the other operator is


class OverChannels(nn.Module):
    """Layer norm of the channels of an image, as ConvNeXt has it."""

    def forward(self, x):
        return nn.functional.layer_norm(x.permute(0, 2, 3, 1), (x.shape[1],)).permute(0, 3, 1, 2)


class Tokens(nn.Module):
    """A product over tokens, then an image of them."""

    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(16, 16)

    def forward(self, x):
        n, c, h, w = x.shape
        return self.mix(x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(n, c, h, w)


def relaid(*steps):
    extras = trace(Chain(*steps), 8, in_chans=16).complexity.extras
    return extras.get("generated_relaid_bytes", 0.0) / IMAGE


def test_a_convolution_of_what_was_written_with_channels_last_copies_it_and_changes_the_layout():
    wider = nn.Conv2d(16, 32, 1)
    assert relaid(conv(), OverChannels(), conv()) == 4.0 + 2.0
    assert relaid(conv(), OverChannels(), wider) == 4.0 + 2.0 * 2
    assert relaid(conv(), Tokens(), conv()) == 4.0 + 2.0


def test_an_image_that_a_kernel_writes_for_the_convolution_is_in_the_layout_it_wants():
    assert relaid(conv(), conv(), nn.ReLU(), conv()) == 0.0
    assert relaid(conv(), OverChannels(), nn.GELU(), conv()) == 0.0
    assert relaid(conv(), OverChannels(), conv(), conv(), nn.BatchNorm2d(16), conv()) == 6.0


@pytest.mark.parametrize("module", [OverChannels(), Tokens()])
def test_the_compiler_hands_such_an_image_on_with_strides_that_do_not_say_its_layout(module):
    """What is counted is what this version of TorchInductor does: a batch of one has stride 0, one of two its own."""
    for batch, of_batch in ((1, 0), (2, 16 * 8 * 8)):
        steps = Chain(conv(), module, conv()).eval()
        found = fusion.scheduled(steps, torch.randn(batch, 16, 8, 8), fusion.strides_of_images)
        assert found[-1] == (of_batch, 1, 8 * 16, 16)
    image = torch.zeros(1, 16, 8, 8).to(memory_format=torch.channels_last)
    with torch.no_grad():
        known, unknown = (
            conv()(one).stride()[1] for one in (image, image.as_strided(image.shape, (0, *image.stride()[1:])))
        )
    assert (known, unknown) == (1, 8 * 8)


class Gated(nn.Module):
    """A norm and a product over axes with channels last, of which a convolution takes some, as in MambaOut."""

    def __init__(self):
        super().__init__()
        self.widen = nn.Sequential(nn.LayerNorm(16), nn.Linear(16, 32))

    def forward(self, x):
        return self.widen(x.permute(0, 2, 3, 1)).chunk(2, -1)[0].permute(0, 3, 1, 2)


class LastTogether(nn.Module):
    """Two halves put together along the last axis."""

    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        return torch.cat([x[..., :8] * 2.0, x[..., 8:] + 1.0], -1).permute(0, 3, 1, 2)


class InParts(nn.Module):
    """A norm over channels of which some are then changed in place."""

    def forward(self, x):
        x = x * 2.0
        x[:, :8].mul_(2.0)
        return x


LAYOUTS = {
    "norm": (OverChannels(), True), "tokens": (Tokens(), True), "some channels": (Gated(), False), "together": (LastTogether(), False),
    "in place": (InParts(), False),
}  # fmt: skip


@pytest.mark.parametrize("side", [8, 16])
@pytest.mark.parametrize("name", LAYOUTS)
def test_which_images_do_not_tell_their_layout_is_as_the_compiler_has_it(name, side):
    """Also where height and width are as large as the channels are many."""
    module, untold = LAYOUTS[name]
    steps = Chain(conv(), module, conv()).eval()
    (found,) = fusion.scheduled(steps, torch.randn(1, 16, side, side), fusion.strides_of_images)[-1:]
    extras = trace(steps, side, in_chans=16).complexity.extras
    whole = side * side * 16
    assert (found[1] == 1 and found[0] < whole) == untold
    assert (extras.get("generated_relaid_bytes", 0.0) > 0) == untold


class Part(nn.Module):
    """Activates a quarter of the channels in place."""

    def forward(self, x):
        x = x * 2.0
        x[:, :4].relu_()
        return x


def test_what_is_left_of_a_tensor_of_which_a_part_is_overwritten_is_written_too():
    assert moved(conv(), Part(), conv())["light"] >= 2.0


def test_a_softmax_is_a_kernel_of_its_kind():
    extras = trace(Chain(conv(), nn.Softmax(-1), conv()), 8, in_chans=16).complexity.extras
    assert extras["generated_softmax_bytes"] == 2 * IMAGE


def test_a_copy_that_one_image_is_spared_is_kept_apart_from_what_grows_with_the_batch():
    class Turned(nn.Module):
        def forward(self, x):
            return x.transpose(0, 1).contiguous()

    extras = trace(Chain(conv(), Turned(), nn.Linear(8, 4)), 8, in_chans=16).complexity.extras
    assert extras["generated_light_bytes"] == pytest.approx(2 * IMAGE * 8 / 7)
    assert extras["generated_light_fixed"] == pytest.approx(-2 * IMAGE * 8 / 7)


def test_what_kernels_make_is_put_side_by_side_in_place_and_what_a_library_made_is_copied():
    after = nn.Conv2d(32, 16, 1)
    assert moved(conv(), Halves(nn.ReLU(), nn.Sigmoid(), after))["light"] == 4.0
    assert moved(Halves(conv(), conv(), after))["light"] == 4.0
    assert moved(Halves(nn.Sequential(conv(), nn.ReLU()), conv(), after))["light"] == 4.0


def test_a_copy_in_another_order_does_not_go_on_with_a_norm():
    assert moved(conv(), Windows())["statistics"] == 2.0
    assert kernels(conv(), Windows()) == 3


@pytest.mark.parametrize("name", ["torchvision/resnet18", "torchvision/vgg11"])
def test_torchinductor_says_the_same_of_its_kernels(name):
    if not hasattr(fusion.GraphLowering, "_update_scheduler"):
        pytest.skip("this version of torch schedules its kernels elsewhere")
    c = live.explain(name).complexity
    theirs, ours = fusion.inductor(name, c.resolution), fusion.ours(c)
    assert ours.per_image == pytest.approx(theirs.per_image, rel=0.1)
    assert ours.fixed == pytest.approx(theirs.fixed, rel=0.05)
