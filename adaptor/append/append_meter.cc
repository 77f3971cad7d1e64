#include "adaptor/append/append_meter.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "wal/async/executor.h"
#include "wal/observer.h"
#include "wal/types.h"

namespace tidelog::adaptor {
namespace {

// When a backend stalls, all that is in flight is slow at once: one is named, the others counted.
constexpr absl::Duration kReportInterval = absl::Seconds(1);

}  // namespace

void AppendMeter::CountUndone(const AppendRun& run) {
  counts_.unknown += run.op().unknown_count();
  counts_.not_done += run.op().count() - run.op().done_count() - run.op().unknown_count();
}

void AppendMeter::TakeSample(const AppendRun& run) {
  if (run.op().done_count() != run.op().count()) return;
  const absl::Duration now = log_.strand->Now();
  counts_.append.Add(now - run.times.began);
  counts_.at_backend.Add(now - run.times.first_handed_over_at);
}

void AppendMeter::LookAtTime(const AppendRun& run) {
  const absl::Duration waited = run.times.in_interceptors + run.times.in_queue;
  absl::Duration at_backend = absl::ZeroDuration();
  if (run.times.attempts > 0) at_backend = log_.strand->Now() - run.times.first_handed_over_at;
  if (waited + at_backend < log_.options.slow_append_limit) return;
  ++counts_.slow;
  Report(run, waited + at_backend, at_backend);
}

void AppendMeter::Report(const AppendRun& run, absl::Duration total, absl::Duration at_backend) {
  const absl::Duration now = log_.strand->Now();
  if (now - told_ < kReportInterval) {
    ++untold_;
    return;
  }
  std::string text = absl::StrCat("an append to ", ToString(log_.channel));
  if (run.times.attempts > 0) absl::StrAppend(&text, " at tick ", ToInt(run.first_tick));
  absl::StrAppend(&text, " took ", absl::FormatDuration(total), ": ",
                  absl::FormatDuration(run.times.in_interceptors), " in interceptors");
  if (run.times.in_interceptors > absl::ZeroDuration()) {
    absl::StrAppend(&text, " (last in ", chain_[run.times.waited_in].name(), ")");
  }
  absl::StrAppend(&text, ", ", absl::FormatDuration(run.times.in_queue), " in line, ",
                  absl::FormatDuration(at_backend), " at the backend");
  if (run.times.attempts > 1) absl::StrAppend(&text, " in ", run.times.attempts, " attempts");
  const absl::Status& status = run.op().status();
  if (!status.ok()) absl::StrAppend(&text, "; it ended with: ", status.message());
  if (untold_ > 0) absl::StrAppend(&text, "; ", untold_, " more were slow since the last report");
  told_ = now;
  untold_ = 0;
  log_.Report(Event::Kind::kSlowAppendEnded, std::move(text));
}

}  // namespace tidelog::adaptor
