#include "wal/base/status_macros.h"

#include <coroutine>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace tidelog {
namespace {

absl::StatusOr<std::unique_ptr<int>> Make(absl::StatusOr<int> number) {
  TIDELOG_ASSIGN_OR_RETURN(const int value, std::move(number));
  return std::make_unique<int>(value);
}

absl::Status Assign(absl::StatusOr<int> number, std::unique_ptr<int>* target, bool* went_on) {
  TIDELOG_ASSIGN_OR_RETURN(*target, Make(std::move(number)));
  *went_on = true;
  return absl::OkStatus();
}

absl::StatusOr<std::string> Check(absl::Status first, absl::Status second) {
  if (true) TIDELOG_RETURN_IF_ERROR(first);
  TIDELOG_RETURN_IF_ERROR(second);
  return "went on";
}

TEST(StatusMacros, AValueIsMovedIntoTheTarget) {
  std::unique_ptr<int> target;
  bool went_on = false;
  ASSERT_TRUE(Assign(7, &target, &went_on).ok());
  EXPECT_EQ(*target, 7);
  EXPECT_TRUE(went_on);
}

TEST(StatusMacros, AnErrorLeavesTheFunctionAndTheTarget) {
  std::unique_ptr<int> target;
  bool went_on = false;
  EXPECT_EQ(Assign(absl::AbortedError("no"), &target, &went_on), absl::AbortedError("no"));
  EXPECT_EQ(target, nullptr);
  EXPECT_FALSE(went_on);
}

TEST(StatusMacros, TheFirstErrorIsReturned) {
  EXPECT_EQ(Check(absl::OkStatus(), absl::OkStatus()).value(), "went on");
  EXPECT_EQ(Check(absl::AbortedError("a"), absl::InternalError("b")).status(),
            absl::AbortedError("a"));
  EXPECT_EQ(Check(absl::OkStatus(), absl::InternalError("b")).status(), absl::InternalError("b"));
}

// The smallest coroutine that yields a T: it runs to its end when called.
template <class T>
struct Immediate {
  struct promise_type {
    Immediate get_return_object() {
      return Immediate{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_value(absl::StatusOr<T> value) { held = std::move(value); }
    void unhandled_exception() { std::terminate(); }
    absl::StatusOr<T> held = absl::UnknownError("not set");
  };
  explicit Immediate(std::coroutine_handle<promise_type> h) : handle(h) {}
  Immediate(const Immediate&) = delete;
  Immediate& operator=(const Immediate&) = delete;
  ~Immediate() { handle.destroy(); }
  const absl::StatusOr<T>& Result() const { return handle.promise().held; }
  std::coroutine_handle<promise_type> handle;
};

Immediate<std::string> Coroutine(absl::Status status, absl::StatusOr<std::string> text) {
  TIDELOG_CO_RETURN_IF_ERROR(status);
  TIDELOG_CO_ASSIGN_OR_RETURN(std::string value, std::move(text));
  value += "!";
  co_return value;
}

TEST(StatusMacros, CoroutinesLeaveByCoReturn) {
  EXPECT_EQ(Coroutine(absl::OkStatus(), "done").Result().value(), "done!");
  EXPECT_EQ(Coroutine(absl::AbortedError("a"), "done").Result().status(), absl::AbortedError("a"));
  EXPECT_EQ(Coroutine(absl::OkStatus(), absl::InternalError("b")).Result().status(),
            absl::InternalError("b"));
}

}  // namespace
}  // namespace tidelog
