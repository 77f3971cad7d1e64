import unittest

from tools.lint.rules import banned_rule
from tools.lint.rules.samples import RuleTest, source

SAMPLES = {
    "clock": ["auto t = std::chrono::steady_clock::now();", "absl::Time t = absl::Now();",
              "clock_gettime(CLOCK_REALTIME, &t);", "time_t t = time(nullptr);", "::time(&t);"],
    "thread": ["std::thread t(f);", "pthread_create(&t, nullptr, f, nullptr);"],
    "sleep": ["absl::SleepFor(d);", "usleep(1);", "std::this_thread::sleep_for(d);", "sleep(1);"],
    "random": ["std::random_device d;", "int x = rand();", "absl::BitGen gen;",
               "std::mt19937_64 gen(1);", "getrandom(p, 1, 0);"],
    "unordered": ["std::unordered_map<int, int> m;"],
    "throw": ["throw 1;"],
    "new": ["auto* p = new Foo(1);", "auto* p = new (std::nothrow) Foo;", "p = malloc(1);"],
    "volatile": ["volatile int x;"],
    "dynamic_cast": ["auto* p = dynamic_cast<Foo*>(q);"],
}

GOOD = """
    // A new thread would throw and sleep(1): std::thread is only named here.
    const char* text = "std::thread, rand(), throw new Foo";
    absl::Duration now = executor->Now();
    new (place) Foo();
    auto wrapped = absl::WrapUnique(new Foo(1));
    std::unique_ptr<Foo> owned = std::unique_ptr<Foo>(new Foo(1));
    const unsigned cores = std::thread::hardware_concurrency();
    void* operator new(size_t size);
    uint64_t r = random.Next();
    int64_t t = entry.time(0);
    Future<void> s = Sleep(d);
    int operand(1);
    """


class BannedRuleTest(RuleTest):

    def test_every_rule_finds_its_samples_and_says_the_way_out(self):
        self.assertEqual(set(SAMPLES), {ban.rule for ban in banned_rule.BANS})
        for rule, samples in SAMPLES.items():
            for sample in samples:
                found = banned_rule.check([source("wal/a.cc", sample)])
                self.assertEqual({f.rule for f in found}, {rule}, sample)
                self.assertIn(": ", found[0].text)

    def test_comments_strings_and_likenesses_are_not_found(self):
        self.assertEqual(banned_rule.check([source("wal/a.cc", GOOD)]), [])

    def test_an_allowed_file_is_not_found(self):
        files = [source("wal/a.cc", "std::thread t;"),
                 source("tools/lint/allow/thread.txt", "wal/a.cc  # The runtime itself.\n")]
        self.assertEqual(banned_rule.check(files), [])

    def test_a_stale_exception_is_found(self):
        files = [source("wal/a.cc", "int x;"),
                 source("tools/lint/allow/thread.txt", "# Threads.\nwal/a.cc  # Once.\n")]
        self.assert_lines(banned_rule.check(files), [2])

    def test_an_exception_for_one_rule_is_none_for_another(self):
        files = [source("wal/a.cc", "std::thread t;\nthrow 1;"),
                 source("tools/lint/allow/thread.txt", "wal/a.cc  # The runtime itself.\n")]
        self.assert_lines(banned_rule.check(files), [2])

    def test_an_exception_without_a_reason_is_found(self):
        files = [source("wal/a.cc", "std::thread t;"),
                 source("tools/lint/allow/thread.txt", "wal/a.cc\n")]
        self.assertEqual([f.path for f in banned_rule.check(files)],
                         ["tools/lint/allow/thread.txt"])

    def test_a_list_for_no_rule_is_found(self):
        self.assert_lines(banned_rule.check([source("tools/lint/allow/threads.txt", "")]), [1])


if __name__ == "__main__":
    unittest.main()
