"""Of the benchmarks what can be tested without measuring: comparisons, on fabricated results, and what results are made of.

    python3 -m unittest discover --start-directory Benchmarks/tests
"""

import contextlib
import copy
import io
import json
import sys
import tempfile
import unittest
import wave
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import bench  # noqa: E402
import bench_compare  # noqa: E402
from measuring import compare, disk, machine, programs, workload  # noqa: E402
from measuring.results import Sitting, measurement  # noqa: E402

ZEN_4 = {"processor": "AMD EPYC", "kind": "AuthenticAMD-25-17", "threads": 2, "instructions": ["avx512f"]}
ZEN_5 = {**ZEN_4, "kind": "AuthenticAMD-26-2"}


def result(started, *measurements, kind="own", facts=ZEN_4, **settings):
    return {"schema": 2, "kind": kind, "date": started[:10], "started": started, "complete": True, "machine": facts,
            "settings": settings, "measurements": list(measurements)}


def rate(value, share, name="stage one"):
    return measurement(name, "stages", "audio s/s", [value], better="higher", relative=("products", share))


def seconds(value, floor=0.1):
    return measurement("first step", "start-up", "s", [value], better="lower", floor=floor)


class Comparing(unittest.TestCase):
    def regressions(self, old, new):
        outcome = compare.compare(result("2026-01-01", old), result("2026-01-02", new))
        return [told.name for told in outcome.regressions]

    def test_a_share_of_the_roofline_that_fell_is_a_regression(self):
        self.assertEqual(self.regressions(rate(30, 0.85), rate(30, 0.76)), ["stage one"])

    def test_ten_per_cent_is_none(self):
        self.assertEqual(self.regressions(rate(30, 0.80), rate(30, 0.721)), [])

    def test_a_neighbour_that_slows_the_roofline_too_is_none(self):
        self.assertEqual(self.regressions(rate(30, 0.85), rate(15, 0.84)), [])

    def test_a_quicker_machine_does_not_hide_a_regression(self):
        self.assertEqual(self.regressions(rate(30, 0.85), rate(31, 0.50)), ["stage one"])

    def test_without_a_limit_the_medians_compare(self):
        self.assertEqual(self.regressions(seconds(1.0), seconds(1.2)), ["first step"])
        self.assertEqual(self.regressions(seconds(1.2), seconds(1.0)), [])

    def test_different_limits_are_not_taken_for_the_same(self):
        other = measurement("stage one", "stages", "audio s/s", [30], better="higher", relative=("memory", 0.2))
        self.assertEqual(self.regressions(rate(30, 0.85), other), [])

    def test_differences_below_the_floor_are_left_out(self):
        self.assertEqual(self.regressions(seconds(0.10), seconds(0.19)), [])
        self.assertEqual(self.regressions(seconds(0.10, floor=0), seconds(0.19, floor=0)), ["first step"])

    def test_facts_are_not_compared(self):
        facts = [measurement("stage one", "stages", "audio s/s", [value]) for value in (30, 3)]
        self.assertEqual(self.regressions(*facts), [])

    def test_the_machines_limits_are_told_and_are_no_regression(self):
        old, new = (measurement("products", "rooflines", "GFLOP/s", [value]) for value in (500, 250))
        outcome = compare.compare(result("2026-01-01", old), result("2026-01-02", new))
        self.assertEqual([outcome.regressions, [told.name for told in outcome.machine]], [[], ["products"]])

    def test_what_was_not_measured_again_is_named(self):
        outcome = compare.compare(result("2026-01-01", rate(30, 0.8), seconds(1)), result("2026-01-02", seconds(1)))
        self.assertEqual(outcome.missing, ["stage one"])

    def test_improvements_are_told(self):
        outcome = compare.compare(result("2026-01-01", rate(30, 0.5)), result("2026-01-02", rate(30, 0.8)))
        self.assertEqual([(told.name, round(told.share, 2)) for told in outcome.improvements], [("stage one", 0.6)])


class Command(unittest.TestCase):
    def run_on(self, documents, *arguments):
        """The exit code, standard output and standard error over a folder of these results."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for file, document in documents.items():
                (folder / file).write_text(document if isinstance(document, str) else json.dumps(document))
            output, errors = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
                code = bench_compare.main([*(str(folder / a) if a.endswith(".json") else a for a in arguments),
                                           "--folder", name])
        return code, output.getvalue(), errors.getvalue()

    def test_the_newest_is_held_against_the_last_of_its_kind(self):
        code, output, _ = self.run_on({
            "a.json": result("2026-01-01T10:00:00", rate(30, 0.5)),
            "b.json": result("2026-01-02T10:00:00", rate(30, 0.9)),
            # Another kind of processor by the same name, another kind of result, and a trial: none of them counts.
            "c.json": result("2026-01-03T10:00:00", rate(60, 0.9), facts=ZEN_5),
            "d.json": result("2026-01-03T10:00:00", rate(60, 0.3), kind="peers"),
            "e.json": result("2026-01-04T10:00:00", rate(30, 0.2), quick=True),
            "f.json": result("2026-01-05T10:00:00", rate(30, 0.7)),
            "g.json": result("2026-01-06T10:00:00", rate(30, 0.2), quick=True)})
        self.assertEqual(code, 1)
        self.assertIn("f.json against b.json", output)
        self.assertIn("REGRESSION: stage one: 90.0 % of products before, 70.0 % of products now, worse by 22 %", output)

    def test_nothing_worse_is_said_and_is_success(self):
        code, output, _ = self.run_on({"a.json": result("2026-01-01", rate(30, 0.8)),
                                       "b.json": result("2026-01-02", rate(30, 0.8))})
        self.assertEqual(code, 0)
        self.assertIn("nothing is worse by more than 10 %", output)

    def test_results_of_before_are_skipped_and_said_to_be(self):
        code, _, errors = self.run_on({"old.json": {"date": "2026-01-01", "machine": {}, "measurements": []},
                                       "torn.json": "{", "a.json": result("2026-01-02", rate(30, 0.8))})
        self.assertEqual(code, 66)
        self.assertIn("old.json: is of schema 1, the first, expected 2", errors)
        self.assertIn("torn.json: cannot be read as a result", errors)
        self.assertIn("nothing to compare", errors)

    def test_two_can_be_named(self):
        documents = {"a.json": result("2026-01-01", rate(30, 0.8)), "b.json": result("2026-01-02", rate(30, 0.4)),
                     "c.json": result("2026-01-02", rate(30, 0.4), facts=ZEN_5)}
        self.assertEqual(self.run_on(documents, "a.json", "b.json")[0], 1)
        self.assertEqual(self.run_on(documents, "b.json", "a.json")[0], 0)
        code, _, errors = self.run_on(documents, "a.json", "c.json")
        self.assertEqual(code, 65)
        self.assertIn("kind: AuthenticAMD-25-17 and AuthenticAMD-26-2", errors)

    def test_the_tolerance_can_be_chosen(self):
        documents = {"a.json": result("2026-01-01", rate(30, 0.8)), "b.json": result("2026-01-02", rate(30, 0.75))}
        self.assertEqual(self.run_on(documents, "--tolerance", "5")[0], 1)
        self.assertEqual(self.run_on(documents)[0], 0)


class Results(unittest.TestCase):
    def test_a_sitting_is_there_from_its_beginning_and_never_in_another_ones_place(self):
        with tempfile.TemporaryDirectory() as name:
            sitting = Sitting(name, "own", {**ZEN_4, "cores": 2}, {"quick": False})
            sitting.add(rate(30, 0.8))
            told = json.loads(sitting.path.read_text())
            self.assertFalse(told["complete"])
            self.assertEqual([entry["name"] for entry in told["measurements"]], ["stage one"])
            self.assertIn("broken off", sitting.path.with_suffix(".md").read_text())
            sitting.finish()
            self.assertTrue(compare.load(sitting.path)["complete"])
            page = sitting.path.with_suffix(".md").read_text()
            self.assertNotIn("broken off", page)
            self.assertIn("| stage one | 30.0 |", page)
            self.assertIn("80 % of products", page)
            second = Sitting(name, "own", ZEN_4, {})
            self.assertEqual(second.path.stem, f"{sitting.path.stem}-2")
            self.assertTrue(Sitting(name, "peers", ZEN_4, {}).path.stem.endswith("-amd-epyc-peers"))

    def test_nothing_is_measured_twice_under_one_name(self):
        with tempfile.TemporaryDirectory() as name:
            sitting = Sitting(name, "own", ZEN_4, {})
            sitting.add(rate(30, 0.8))
            with self.assertRaises(ValueError):
                sitting.add(rate(31, 0.8))

    def test_the_median_counts(self):
        self.assertEqual(measurement("x", "stages", "s", [9, 1, 2])["median"], 2)


class Machine(unittest.TestCase):
    TEXT = ("vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nstepping\t: 1\n"
            "flags\t\t: fpu avx2 avx512f avx512_bf16\n")

    def test_two_processors_of_one_name_are_two_kinds(self):
        zen_4 = machine.processor(self.TEXT)
        zen_5 = machine.processor(self.TEXT.replace(": 25", ": 26").replace(": 17", ": 2"))
        self.assertEqual([zen_4["processor"], zen_4["kind"]], ["AMD EPYC", "AuthenticAMD-25-17"])
        self.assertEqual([zen_5["processor"], zen_5["kind"]], ["AMD EPYC", "AuthenticAMD-26-2"])
        self.assertEqual(zen_4["instructions"], ["avx2", "avx512_bf16", "avx512f"])

    def test_a_processor_that_says_nothing_has_a_kind_all_the_same(self):
        self.assertTrue(machine.processor("")["kind"])


class Workload(unittest.TestCase):
    def test_the_corpus_has_the_lengths_that_were_asked_for(self):
        with tempfile.TemporaryDirectory() as name:
            manifest = workload.write_corpus(name, [1600, 3200], [1600])
            rows = [line.split(",") for line in manifest.read_text().splitlines()]
            self.assertEqual([row[2] for row in rows], ["split", "train", "train", "development"])
            frames = []
            for row in rows[1:]:
                with wave.open(str(Path(name) / row[1])) as file:
                    frames.append((file.getnframes(), file.readframes(file.getnframes())))
            self.assertEqual([count for count, _ in frames], [1600, 3200, 1600])
            self.assertNotEqual(frames[0][1], frames[2][1])

    def test_lengths_are_those_of_the_published_corpus(self):
        lengths = workload.durations_seconds(5000)
        self.assertTrue(all(1.9 <= length <= 11.95 for length in lengths))
        self.assertAlmostEqual(sum(lengths) / len(lengths), 5.7, delta=0.1)
        self.assertEqual(lengths[:10], workload.durations_seconds(10))

    def test_a_second_is_49_frames(self):
        self.assertEqual([workload.frame_count(count) for count in (16_000, 400)], [49, 1])


class Programs(unittest.TestCase):
    def test_what_a_program_says_last_counts(self):
        self.assertEqual(programs.last_json('{"a": 1}\nwords {no} {"b":\n 2}\n'), {"b": 2})
        self.assertIsNone(programs.last_json("none {here}"))

    def test_a_program_that_fails_is_named(self):
        with self.assertRaisesRegex(programs.Failure, "ended with 3, expected 0"):
            programs.run([sys.executable, "-c", "raise SystemExit(3)"])

    def test_the_most_memory_is_told(self):
        held = 200_000_000
        outcome = programs.run([sys.executable, "-c", f"x = b'1' * {held}; print(len(x))"])
        self.assertEqual(outcome.text, f"{held}\n")
        self.assertGreater(outcome.peak_bytes, held)

    def test_a_first_line_is_waited_for_and_the_program_ended(self):
        code = "import time\nprint('early', flush=True)\ntime.sleep(600)"
        self.assertLess(programs.seconds_until([sys.executable, "-c", code], lambda line: line == "early\n"), 600)

    def test_a_line_that_never_comes_is_an_error_with_what_was_said(self):
        with self.assertRaisesRegex(programs.Failure, "never said what was waited for; it said: 'other"):
            programs.seconds_until([sys.executable, "-c", "print('other')"], lambda line: False)

    def test_a_server_answers_each_time_that_it_is_asked(self):
        code = ("import sys\nprint('{\"ready\": true, \"amount\": 6}', flush=True)\n"
                "for number, _ in enumerate(sys.stdin): print('{\"seconds\": %d}' % (number + 1), flush=True)")
        server = programs.Server([sys.executable, "-c", code])
        self.assertEqual([server.facts["amount"], server.ask()["seconds"], server.ask()["seconds"]], [6, 1, 2])
        server.close()
        self.assertEqual(server.process.returncode, 0)

    def test_a_server_that_falls_is_told_with_its_last_words(self):
        with self.assertRaisesRegex(programs.Failure, "ended with 1 before it said 'ready'.*no such thing"):
            programs.Server([sys.executable, "-c", "raise SystemExit('no such thing')"])


class Disk(unittest.TestCase):
    def test_both_ways_are_measured_and_nothing_stays(self):
        with tempfile.TemporaryDirectory() as name:
            told = disk.bandwidth(name, 8)
            self.assertGreater(told["write_bytes_per_second"], 0)
            self.assertGreater(told["read_bytes_per_second"], 0)
            self.assertEqual(list(Path(name).iterdir()), [])

    def test_what_was_just_read_is_in_memory(self):
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "x"
            path.write_bytes(bytes(1 << 20))
            path.read_bytes()
            self.assertIn(disk.resident_share(path), (1.0, None))


class Stages(unittest.TestCase):
    def test_what_is_around_the_engine_is_held_against_the_quicker_stage_one_on_a_thread(self):
        stages = [{"stage": name, "precision": precision, "audio_seconds_per_second": rates}
                  for name, precision, rates in (
                      ("stage one, cut 9", "float32", [20, 10, 40]), ("stage one, cut 9", "bfloat16", [40, 80, 20]),
                      ("stage two, 3 layers", "bfloat16", [400]))]
        self.assertEqual(bench.fastest_stage_one(stages, 2), (2 / 40, "bfloat16"))


class Schema(unittest.TestCase):
    def test_a_comparison_changes_nothing(self):
        old, new = result("2026-01-01", rate(30, 0.8)), result("2026-01-02", rate(30, 0.4))
        before = copy.deepcopy((old, new))
        compare.compare(old, new)
        self.assertEqual((old, new), before)


if __name__ == "__main__":
    unittest.main()
