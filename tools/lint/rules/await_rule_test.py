import unittest

from tools.lint.rules import await_rule
from tools.lint.rules.samples import RuleTest


class AwaitRuleTest(RuleTest):

    def test_one_await_alone_in_its_statement_is_fine(self):
        self.assert_clean(await_rule.check, "wal/a.cc", """
            Future<absl::Status> Reader::Read(std::string name, File* file) {
              co_await file->Open(name);
              (void)co_await Close();
              absl::StatusOr<std::vector<Record>> records = co_await std::move(future);
              const absl::Status status =
                  co_await file->Write(name,
                                       offset);
              const auto* x = co_await stream_.Next();
              std::unique_ptr<File> opened = co_await OpenFile<File>(std::move(name));
              status_ = co_await pending_[0];
              size_ = co_await (*file)->Size();
              this->status_ = co_await files_.front()->Sync();
              if (x != nullptr) co_await Gate();
              if (records.ok() && !done_) {
                co_await Gate();
              } else {
                co_await Gate();
              }
              for (int i = 0; i < 3; ++i) co_await Gate();
              switch (x) {
                case Kind::kOne:
                  co_await Gate();
                  break;
                default:
                  co_await Gate();
              }
              // if (co_await this) is only a comment, "co_await that" a string.
              co_return status;
            }
            """)

    def test_an_await_inside_an_expression_is_found(self):
        self.assert_finds(await_rule.check, "wal/a.cc", """
            Future<int> F() {
              if (co_await Ready()) {  // BAD
              }
              while (!co_await Ready()) {  // BAD
              }
              auto [a, b] = co_await Pair();  // BAD
              x += co_await Number();  // BAD
              int y = c ? co_await A() : 0;  // BAD
              int z = co_await A() + 1;  // BAD
              Use(co_await A());  // BAD
              int s = co_await (a + b);  // BAD
              int w = 1 + co_await A();  // BAD
              int v{co_await A()};  // BAD
              bool u = (co_await A()).ok();  // BAD
              for (auto r : co_await A()) {  // BAD
              }
              ASSIGN_OR_RETURN(auto t, co_await A());  // BAD
              co_return co_await A();  // BAD
            }
            """)

    def test_an_unnamed_aggregate_or_lambda_in_an_awaited_call_is_found(self):
        self.assert_finds(await_rule.check, "wal/a.cc", """
            Future<int> F() {
              co_await Write(Options{.sync = true});  // BAD
              co_await Write({});  // BAD
              co_await Run([this] { return 1; });  // BAD
              const Options options = {.sync = true};
              co_await Write(options);
            }
            """)

    def test_a_statement_over_several_lines_is_found_where_it_awaits(self):
        self.assert_finds(await_rule.check, "wal/a.cc", """
            Future<int> F() {
              const int sum =
                  1 +
                  co_await A();  // BAD
              const int fine =
                  co_await A();
            }
            """)

    def test_a_coroutine_lambda_may_not_capture(self):
        self.assert_finds(await_rule.check, "wal/a_test.cc", """
            TEST(A, B) {
              Spawn([&]() -> Future<void> {  // BAD
                co_await Gate();
              });
              Spawn([](Wal* wal) -> Future<void> {
                co_await wal->Close();
              });
              Post([&] { done = true; });
            }
            """)

    def test_a_coroutine_may_not_take_references_or_views(self):
        self.assert_finds(await_rule.check, "wal/a.cc", """
            Future<int> F(const std::string& name) {  // BAD
              co_return 1;
            }
            Future<int> G(std::string_view name) {  // BAD
              co_return 1;
            }
            Future<int> H(std::string name, std::function<void(int&)> done, Wal* wal) {
              co_return 1;
            }
            Future<int> I(const std::string& name) { return H(name); }
            """)


if __name__ == "__main__":
    unittest.main()
