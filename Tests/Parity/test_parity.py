"""The comparison compared: what is wrong must fail, and what is right must pass."""

import tempfile
import unittest
from pathlib import Path

from comparator import BFLOAT16, FLOAT32, nearness, worst

import h5py
import numpy as np
import torch

from reference import models, presets
from reference.upper import Upper

import cache
import spread
import torch_training

GENERATOR = np.random.default_rng(0)
EXPECTED = GENERATOR.standard_normal((50, 16)).astype(np.float32)


def fails(wrong, right=EXPECTED):
    """Whether even the looser limits refuse it."""
    return not nearness(wrong, right).within(BFLOAT16)


class Comparator(unittest.TestCase):
    def test_the_same_passes(self):
        self.assertTrue(nearness(EXPECTED, EXPECTED).within(FLOAT32))

    def test_rounding_passes_and_a_little_more_does_not(self):
        scale = np.abs(EXPECTED).max()
        for limits in (FLOAT32, BFLOAT16):
            for factor, passes in ((0.9, True), (1.1, False)):
                near = EXPECTED.copy()
                near[np.unravel_index(np.abs(EXPECTED).argmax(), EXPECTED.shape)] += limits.deviation * scale * factor
                self.assertEqual(nearness(near, EXPECTED).within(limits), passes)

    def test_zeros_fail(self):
        self.assertTrue(fails(np.zeros_like(EXPECTED)))

    def test_a_single_frame_of_zeros_fails(self):
        wrong = EXPECTED.copy()
        wrong[7] = 0
        self.assertTrue(fails(wrong))

    def test_a_single_nan_or_infinity_fails(self):
        for value in (np.nan, np.inf, -np.inf):
            wrong = EXPECTED.copy()
            wrong[-1, -1] = value
            self.assertTrue(fails(wrong), value)

    def test_nan_on_both_sides_fails(self):
        both = EXPECTED.copy()
        both[3, 3] = np.nan
        self.assertTrue(fails(both, both))

    def test_permuted_shifted_and_transposed_fail(self):
        square = EXPECTED[:16]
        self.assertTrue(fails(EXPECTED[GENERATOR.permutation(50)]))
        self.assertTrue(fails(np.roll(EXPECTED, 1, axis=0)))
        self.assertTrue(fails(np.roll(EXPECTED, 1, axis=1)))
        self.assertTrue(fails(square.T, square))

    def test_sign_and_scale_fail(self):
        self.assertTrue(fails(-EXPECTED))
        self.assertTrue(fails(1.05 * EXPECTED))

    def test_another_shape_and_nothing_fail(self):
        self.assertTrue(fails(EXPECTED[:-1]))
        self.assertTrue(fails(EXPECTED[:, :-1]))
        self.assertTrue(fails(EXPECTED[:1]))  # would broadcast
        self.assertTrue(fails(EXPECTED[:0], EXPECTED[:0]))
        self.assertFalse(worst([]).within(BFLOAT16))

    def test_zeros_where_zeros_are_expected_still_fail(self):
        # An expectation of zeros tells nothing: whoever makes one has made a mistake.
        self.assertTrue(fails(np.zeros((4, 4)), np.zeros((4, 4))))

    def test_the_worst_of_several_keeps_nan(self):
        good, bad = nearness(EXPECTED, EXPECTED), nearness(EXPECTED * np.nan, EXPECTED)
        for order in ((good, bad), (bad, good)):
            self.assertFalse(worst(order).within(BFLOAT16))


class Spread(unittest.TestCase):
    """Five runs of eight epochs, noise about a falling curve."""

    def setUp(self):
        noise = 0.05 * np.random.default_rng(0).standard_normal((5, 8))
        noise -= noise.mean(axis=0)
        self.falling = 0.8 * 0.8 ** np.arange(8)
        self.expected = self.falling + noise
        self.alike = self.falling - 1.2 * noise + 0.02 * (-1.0) ** np.arange(8)

    def outside(self, actual, expected=None):
        """The epochs, from 1, that are not within."""
        found = spread.places(actual, self.expected if expected is None else expected)
        return [epoch for epoch, place in enumerate(found, start=1) if not place.is_within()]

    def test_the_same_and_the_like_pass(self):
        self.assertEqual(self.outside(self.expected), [])
        self.assertEqual(self.outside(self.expected[::-1]), [])
        self.assertEqual(self.outside(self.alike), [])

    def test_what_falls_slower_or_faster_fails(self):
        for rate in (0.7, 0.9):
            self.assertIn(8, self.outside(self.alike * (rate / 0.8) ** np.arange(8)), rate)

    def test_a_single_epoch_beyond_the_extremes_fails(self):
        for edge in (self.expected.min(axis=0) - 1e-3, self.expected.max(axis=0) + 1e-3):
            wrong = self.expected.copy()
            wrong[:, 4] = edge[4] + self.expected[:, 4] - self.expected[:, 4].mean()
            self.assertEqual(self.outside(wrong), [5])

    def test_nan_on_either_side_fails(self):
        for runs in (self.alike, self.expected):
            wrong = runs.copy()
            wrong[2, 6] = np.nan
            self.assertEqual(self.outside(wrong), [7])
            self.assertEqual(self.outside(self.alike, wrong), [7])

    def test_other_epochs_too_few_runs_and_none_fail(self):
        for actual in (self.alike[:, :-1], self.alike[:, :1], self.alike[:2], self.alike[:0], self.alike[:, :0]):
            self.assertEqual(self.outside(actual), [1])
        self.assertEqual(self.outside(self.alike, self.expected[:2]), [1])

    def test_runs_without_spread_fail(self):
        # The same number five times over is no spread: whoever gives it has lost the seeds.
        flat = np.repeat(self.falling[None], 5, axis=0)
        self.assertEqual(len(self.outside(flat, flat)), 8)


class Chance(unittest.TestCase):
    """Runs of sixteen epochs, whose noise differs between epochs."""

    def setUp(self):
        self.generator = np.random.default_rng(1)

    def runs(self, count, deviations=0.0, epoch=None):
        """Noise about a falling curve, moved by so many of its deviations at one epoch or at all."""
        deviation = np.linspace(0.02, 0.1, 16)
        moved = deviations * deviation * (1 if epoch is None else np.arange(16) == epoch)
        return 0.8 ** np.arange(16) + moved + deviation * self.generator.standard_normal((count, 16))

    def test_what_is_alike_fails_as_often_as_the_level_says(self):
        # All 252 ways to part ten runs: exact, so 300 trials give 15 failures, and hardly ever more than 30 or none.
        failures = sum(spread.chance(self.runs(5), self.runs(5)) < spread.LEVEL for _ in range(300))
        self.assertIn(failures, range(1, 31))

    def test_any_epoch_that_lies_apart_fails(self):
        for deviations, epoch in ((4, 0), (-4, 9), (4, 15), (2.5, None)):
            self.assertLess(spread.chance(self.runs(6, deviations, epoch), self.runs(6)), spread.LEVEL)

    def test_runs_of_ten_tell_smaller_differences(self):
        self.assertLess(spread.chance(self.runs(10, 2.5, 3), self.runs(10)), spread.LEVEL)

    def test_an_epoch_late_fails(self):
        runs = self.runs(5)
        self.assertLess(spread.chance(np.concatenate([runs[:, :1], runs[:, :-1]], axis=1), self.runs(5)), spread.LEVEL)

    def test_what_cannot_be_told_fails(self):
        runs = self.runs(5)
        wrong = runs.copy()
        wrong[1, 4] = np.nan
        flat = np.ones((5, 16))
        for sides in ((wrong, runs), (runs, wrong), (flat, flat), (runs[:, :-1], runs), (runs[:2], runs), (runs[:, :0],) * 2):
            self.assertEqual(spread.chance(*sides), 0)


class TorchTraining(unittest.TestCase):
    def test_padding_changes_nothing(self):
        encoder = models.make(presets.TINY["wav2vec2-tiny"], 1).base_model
        settings = {"layers": 3, "labels": ["a", "b"], "head": {"hidden": 5}}
        model = torch_training.Model(encoder.config, encoder.state_dict(), settings).eval()
        parts = [models.draw(1, f"part {count}", (count, encoder.config.hidden_size)) for count in (7, 40, 1)]
        upper = Upper(encoder, str(encoder.config.num_hidden_layers - 3))
        with torch.no_grad():
            expected = torch.stack([upper(part).mean(dim=0) for part in parts]).numpy()
            self.assertTrue(nearness(model.pooled(parts), expected).within(FLOAT32))
            self.assertEqual(model(parts).shape, (3, 2))

    def test_batches_are_even_and_whole(self):
        for count, sizes in ((144, [28, 29, 29, 29, 29]), (64, [32, 32]), (5, [5])):
            batches = torch_training.even(range(count), 32)
            self.assertEqual([len(batch) for batch in batches], sizes)
            self.assertEqual([index for batch in batches for index in batch], list(range(count)))


class Cache(unittest.TestCase):
    """Reading a fabricated cache, whole and broken."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def write(self, number, ids, counts, rows, cuts=("cnn", "0"), dtype=np.float32):
        with h5py.File(self.folder / f"shard-{number:05}.h5", "w") as file:
            for cut in cuts:
                file.create_dataset(f"frames/{cut}", data=rows.astype(dtype))
            file["utterances/id"] = np.array(ids, dtype=h5py.string_dtype())
            file["utterances/frames"] = np.array(counts, np.int64)
            file["utterances/offset"] = np.array([0, *np.cumsum(counts)[:-1]], np.int64)

    def test_rows_come_back_under_their_ids(self):
        self.write(0, ["a", "b"], [20, 10], EXPECTED[:30])
        self.write(1, ["c"], [20], EXPECTED[30:])
        rows = cache.read(self.folder, ["cnn", "0"], ["c", "a", "b"])
        np.testing.assert_array_equal(rows["b"]["0"], EXPECTED[20:30])
        np.testing.assert_array_equal(rows["c"]["cnn"], EXPECTED[30:])

    def test_what_is_missing_over_or_of_another_type_is_refused(self):
        with self.assertRaisesRegex(cache.CacheError, "no shard"):
            cache.read(self.folder, ["0"], ["a"])
        self.write(0, ["a", "b"], [20, 30], EXPECTED)
        with self.assertRaisesRegex(cache.CacheError, "utterances"):
            cache.read(self.folder, ["0"], ["a"])
        with self.assertRaisesRegex(cache.CacheError, "utterances"):
            cache.read(self.folder, ["0"], ["a", "b", "c"])
        with self.assertRaisesRegex(cache.CacheError, "no dataset frames/9"):
            cache.read(self.folder, ["9"], ["a", "b"])
        self.write(0, ["a", "b"], [20, 29], EXPECTED)
        with self.assertRaisesRegex(cache.CacheError, "50 rows, its index 49"):
            cache.read(self.folder, ["0"], ["a", "b"])
        self.write(0, ["a", "b"], [20, 30], EXPECTED, dtype=np.float16)
        with self.assertRaisesRegex(cache.CacheError, "float16, expected float32"):
            cache.read(self.folder, ["0"], ["a", "b"])
        self.write(0, ["a", "a"], [20, 30], EXPECTED)
        with self.assertRaisesRegex(cache.CacheError, "twice"):
            cache.read(self.folder, ["0"], ["a"])


if __name__ == "__main__":
    unittest.main()
