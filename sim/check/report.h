// Report: what checkers found.
#ifndef TIDELOG_SIM_CHECK_REPORT_H_
#define TIDELOG_SIM_CHECK_REPORT_H_

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidelog::sim::check {

class Facts;
class Report;

// A way in which a rule of the log can be broken.
struct Anomaly {
  std::string_view name;  // "lost-write"; Jepsen's, where it has one.
  std::string_view rule;  // By its number in wal/doc/invariants.md: "C1".
};

// One family of rules.  A value; what it refers to lives as long as the program.
struct Checker {
  std::string_view name;
  void (*run)(const Facts& facts, Report* report);
  std::span<const Anomaly> anomalies;
};

struct Violation {
  std::string checker;
  std::string rule;
  std::string anomaly;
  std::string message;      // For people.
  std::vector<int> events;  // Those that show it, by their index in the history.

  // Two runs failed alike if this is equal: what shrinking keeps.
  std::string Signature() const { return checker + "/" + anomaly; }
};

class Report {
 public:
  // How many violations of one anomaly are kept: one bug breaks a rule thousands of times.
  static constexpr int kKeptMax = 8;

  explicit Report(std::vector<Violation>* violations) : violations_(*violations) {}

  // What is added from now on was found by `checker`.
  void Begin(const Checker* checker);

  // Requires: `anomaly` is one of the checker's.  Events that are negative are left out.
  void Add(std::string_view anomaly, std::string_view message, std::initializer_list<int> events);

 private:
  std::vector<Violation>& violations_;
  const Checker* checker_ = nullptr;
  std::vector<int> counts_;  // An anomaly of the checker each.
};

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_REPORT_H_
