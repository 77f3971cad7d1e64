import unittest

from tools.lint.rules import order_rule
from tools.lint.rules.samples import RuleTest


class OrderRuleTest(RuleTest):

    def test_two_draws_in_one_expression_are_found(self):
        self.assert_finds(order_rule.check, "sim/a.cc", """
            void F() {
              Use(random.Next(), random.Next());  // BAD
              const int sum = random->Below(3) +
                              random->Below(4);  // BAD
              const Point p{random.Next(),
                            random.Next()};  // BAD
              if (random.OneIn(1, 2) == random.OneIn(1, 2)) {  // BAD
              }
              map[random.Next()] = random.Next();  // BAD
            }
            """)

    def test_one_draw_an_expression_is_fine(self):
        self.assert_clean(order_rule.check, "sim/a.cc", """
            void F() {
              const uint64_t x = random.Next();
              const uint64_t y = random.Next();
              Use(x, y);
              for (uint64_t i = random.Below(3); i < 9; i += random.Below(2)) {
                values.push_back(random.Next());
              }
              if (random.OneIn(1, 2)) {
                executor->Post(&job);
              }
              a->Post(&job);
              b->Post(&job);
            }
            """)

    def test_only_the_simulator_is_read(self):
        self.assert_clean(order_rule.check, "wal/a.cc", "int x = F(r.Next(), r.Next());\n")


if __name__ == "__main__":
    unittest.main()
