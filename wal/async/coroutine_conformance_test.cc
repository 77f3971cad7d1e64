// What the project relies on compilers to do right in coroutines.  A compiler is admitted by
// passing this.
//
// Only these forms are used: `co_await f();`, `(void)co_await f();`, `T x = co_await f(...);`
// and `x = co_await ...;`, alone in their statement, with named aggregates and lambdas.  g++
// 12 miscompiles others (co_await in a condition, a switch, a ternary; a temporary aggregate or
// capturing lambda in an awaited call): wrong results, double frees, illegal instructions.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"

namespace tidelog {
namespace {

// Counts the objects that live, so that a double or a forgotten destruction is seen.
class Counted {
 public:
  explicit Counted(std::string v) : value(std::move(v)) { ++live; }
  Counted(const Counted& other) : value(other.value) { ++live; }
  Counted(Counted&& other) noexcept : value(std::move(other.value)) { ++live; }
  Counted& operator=(const Counted&) = default;
  Counted& operator=(Counted&&) = default;
  ~Counted() { --live; }

  std::string value;
  static inline int live = 0;
};

// Each idiom runs with children that are ready at once, and with children that wait.
class CoroutineConformanceTest : public testing::TestWithParam<bool> {
 protected:
  void TearDown() override { EXPECT_EQ(Counted::live, 0); }

  template <class F>
  auto Run(F f) {
    return runtime_.Run(std::move(f));
  }

  TestRuntime runtime_;
};

INSTANTIATE_TEST_SUITE_P(Children, CoroutineConformanceTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& waits) {
                           return waits.param ? std::string("Wait") : std::string("AreReady");
                         });

const std::string kLong(100, 'x');  // Not in the string object itself.

Future<Counted> Echo(bool waits, Counted value) {
  if (waits) co_await Yield();
  co_return value;
}

Future<bool> IsTrue(bool waits, bool value) {
  if (waits) co_await Yield();
  co_return value;
}

struct Aggregate {
  std::string name;
  Counted value;
  std::vector<std::string> list;
};

Future<std::string> TakeAggregate(bool waits, Aggregate aggregate) {
  if (waits) co_await Yield();
  co_return aggregate.name + aggregate.value.value + aggregate.list.at(0);
}

Future<std::string> NamedAggregate(bool waits) {
  Aggregate named{.name = kLong, .value = Counted("v"), .list = {"l"}};
  std::string first = co_await TakeAggregate(waits, named);
  std::string second = co_await TakeAggregate(waits, std::move(named));
  co_return first == second ? first : "differ";
}

TEST_P(CoroutineConformanceTest, ANamedAggregateGoesIntoAnAwaitedCall) {
  EXPECT_EQ(Run([] { return NamedAggregate(GetParam()); }), kLong + "vl");
}

Future<Counted> TemporaryArgument(bool waits) {
  Counted result = co_await Echo(waits, Counted(kLong));
  co_return result;
}

TEST_P(CoroutineConformanceTest, ATemporaryOfAClassGoesIntoAnAwaitedCall) {
  EXPECT_EQ(Run([] { return TemporaryArgument(GetParam()); }).value, kLong);
}

Future<int> HoistedConditions(bool waits) {
  int rounds = 0;
  while (true) {
    const bool go_on = co_await IsTrue(waits, rounds < 3);
    if (!go_on) break;
    ++rounds;
  }
  bool twice = co_await IsTrue(waits, true);
  twice = co_await IsTrue(waits, false);
  if (twice) co_return -1;
  co_return rounds;
}

TEST_P(CoroutineConformanceTest, ConditionsAreAwaitedBeforeTheyAreTested) {
  EXPECT_EQ(Run([] { return HoistedConditions(GetParam()); }), 3);
}

Future<std::string> HoistedSwitch(bool waits, int which) {
  const Counted local("local");
  const Counted selected = co_await Echo(waits, Counted(std::to_string(which)));
  switch (selected.value[0]) {
    case '1': {
      const Counted inner = co_await Echo(waits, Counted("one"));
      co_return inner.value + local.value;
    }
    case '2':
      co_return "two";
    default:
      break;
  }
  co_return "other";
}

TEST_P(CoroutineConformanceTest, ReturnsFromTheMiddleDestroyEverythingOnce) {
  EXPECT_EQ(Run([] { return HoistedSwitch(GetParam(), 1); }), "onelocal");
  EXPECT_EQ(Run([] { return HoistedSwitch(GetParam(), 2); }), "two");
  EXPECT_EQ(Run([] { return HoistedSwitch(GetParam(), 3); }), "other");
}

Future<int> CallLambda(bool waits, std::function<int(int)> call) {
  if (waits) co_await Yield();
  co_return call(20);
}

Future<int> NamedLambda(bool waits) {
  const Counted captured("22");
  auto lambda = [captured](int n) { return n + std::stoi(captured.value); };
  int result = co_await CallLambda(waits, lambda);
  co_return result;
}

TEST_P(CoroutineConformanceTest, ANamedLambdaGoesIntoAnAwaitedCall) {
  EXPECT_EQ(Run([] { return NamedLambda(GetParam()); }), 42);
}

Future<std::pair<Counted, std::unique_ptr<int>>> MakePair(bool waits) {
  if (waits) co_await Yield();
  co_return std::pair<Counted, std::unique_ptr<int>>(Counted(kLong), std::make_unique<int>(4));
}

Future<int> UnpackedPair(bool waits) {
  std::pair<Counted, std::unique_ptr<int>> pair = co_await MakePair(waits);
  auto& [counted, number] = pair;
  co_return *number + static_cast<int>(counted.value.size());
}

TEST_P(CoroutineConformanceTest, AResultIsUnpackedInAStatementOfItsOwn) {
  EXPECT_EQ(Run([] { return UnpackedPair(GetParam()); }), 104);
}

Future<std::variant<Counted, int>> MakeVariant(bool waits, bool number) {
  if (waits) co_await Yield();
  if (number) co_return 5;
  co_return Counted(kLong);
}

Future<std::optional<Counted>> MakeOptional(bool waits, bool present) {
  if (waits) co_await Yield();
  if (!present) co_return std::nullopt;
  co_return Counted("there");
}

Future<std::string> Conversions(bool waits) {
  std::variant<Counted, int> text = co_await MakeVariant(waits, false);
  std::variant<Counted, int> number = co_await MakeVariant(waits, true);
  std::optional<Counted> there = co_await MakeOptional(waits, true);
  std::optional<Counted> absent = co_await MakeOptional(waits, false);
  std::string result = std::get<Counted>(text).value + std::to_string(std::get<int>(number));
  if (there) result += there->value;
  if (absent) result += "absent";
  co_return result;
}

TEST_P(CoroutineConformanceTest, CoReturnConverts) {
  EXPECT_EQ(Run([] { return Conversions(GetParam()); }), kLong + "5there");
}

class Object {
 public:
  explicit Object(bool waits) : waits_(waits) {}
  Future<Counted> Member(Counted argument) {
    std::map<std::string, Counted> map;
    Counted echoed = co_await Echo(waits_, std::move(argument));
    map.emplace("key", std::move(echoed));
    Counted again = co_await Echo(waits_, map.at("key"));
    co_return again;
  }
  template <class T>
  Future<T> Template(T value) {
    if (waits_) co_await Yield();
    T copy = co_await Nested(std::move(value));
    co_return copy;
  }

 private:
  template <class T>
  Future<T> Nested(T value) {
    if (waits_) co_await Yield();
    co_return value;
  }
  const bool waits_;
};

TEST_P(CoroutineConformanceTest, MembersAndTemplatesAreCoroutines) {
  Object object(GetParam());
  EXPECT_EQ(Run([&] { return object.Member(Counted(kLong)); }).value, kLong);
  EXPECT_EQ(Run([&] { return object.Template(std::make_unique<int>(3)); }).operator*(), 3);
  EXPECT_EQ(Run([&] { return object.Template(Counted(kLong)); }).value, kLong);
}

Future<int> Loops(bool waits) {
  int sum = 0;
  const std::vector<Counted> items = {Counted("1"), Counted("2"), Counted("3")};
  for (const Counted& item : items) {
    Counted echoed = co_await Echo(waits, item);
    if (echoed.value == "2") continue;
    const std::array<Counted, 2> locals = {echoed, Counted("local")};
    Counted local = co_await Echo(waits, locals[0]);
    sum += std::stoi(local.value);
    if (echoed.value == "3") break;
  }
  co_return sum;
}

TEST_P(CoroutineConformanceTest, LoopsWithContinueAndBreakDestroyTheirLocals) {
  EXPECT_EQ(Run([] { return Loops(GetParam()); }), 4);
}

Future<Counted> Started(bool waits) {
  Future<Counted> first = Echo(waits, Counted("a"));
  Future<Counted> second = Echo(waits, Counted("b"));
  Counted b = co_await std::move(second);
  Counted a = co_await std::move(first);
  a.value += b.value;
  co_return a;
}

TEST_P(CoroutineConformanceTest, FuturesAreStartedFirstAndAwaitedLater) {
  EXPECT_EQ(Run([] { return Started(GetParam()); }).value, "ab");
}

Future<int> Depth(bool waits, int depth) {
  if (depth == 0) {
    if (waits) co_await Yield();
    co_return 0;
  }
  int below = co_await Depth(waits, depth - 1);
  co_return below + 1;
}

TEST_P(CoroutineConformanceTest, DeepChainsUnwindFlat) {
  EXPECT_EQ(Run([] { return Depth(GetParam(), 1000); }), 1000);
}

Future<int64_t> One(bool waits) {
  if (waits) co_await Yield();
  co_return 1;
}

Future<int64_t> Sum(bool waits, int64_t count) {
  int64_t sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t one = co_await One(waits);
    sum += one;
  }
  co_return sum;
}

// Goal: the stack does not grow with the number of awaits, in any build.
TEST_P(CoroutineConformanceTest, AMillionAwaitsDoNotGrowTheStack) {
  EXPECT_EQ(Run([] { return Sum(GetParam(), 1000000); }), 1000000);
}

}  // namespace
}  // namespace tidelog
