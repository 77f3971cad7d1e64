#include "sim/model/wal_readers.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "rapidcheck.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

using Gone = WalModel::Gone;

constexpr size_t kFollowersMax = 6;

}  // namespace

WalReaders::~WalReaders() {
  for (Follower& follower : followers_) world_.Close(*follower.scanner);
}

WalReaders::Scan WalReaders::Choose(uint64_t a, uint64_t b, ReadOptions* options) const {
  Scan scan;
  const size_t count = model_.messages.size();
  const size_t start = count == 0 ? 0 : a % 4;
  const WalModel::Message* at = count == 0 ? nullptr : &model_.messages[a / 4 % count];
  scan.place = model_.mark_tick();
  if (start == 1) {
    options->from = Latest{};
    scan.place = model_.last_tick();
  } else if (start == 2) {
    options->from = From{at->position()};
    scan.place = TimeTick{ToInt(at->tick) - 1};
  } else if (start == 3) {
    options->from = After{at->position()};
    scan.place = at->tick;
  }
  if (scan.place < model_.mark_tick()) scan.gone = Gone::kMust;
  if (b / 3 % 4 == 2) options->vchannel = "v1";
  if (b / 3 % 4 == 3) options->types = {MessageType::kInsert, MessageType{5000}};
  if (b / 12 % 3 == 1 && at != nullptr) options->after_time_tick = at->tick;
  options->deliver_ticks = b % 2 == 1;
  options->read_ahead_count_max = 1 + b % 5;
  options->read_ahead_bytes_max = 1 + b;
  scan.question.after = std::max(scan.place, options->after_time_tick.value_or(TimeTick{0}));
  scan.question.vchannel = options->vchannel;
  scan.question.types = options->types;
  return scan;
}

void WalReaders::ScanOnce(RoWal* log, uint64_t a, uint64_t b) {
  ReadOptions options;
  Scan scan = Choose(a, b, &options);
  options.until = TailAtOpen{};
  if (b % 3 == 1 && !model_.messages.empty()) {
    const WalModel::Message& last = model_.messages[(a + b) % model_.messages.size()];
    options.until = last.position();
    scan.question.until = last.tick;
  }
  const WalModel::Seen seen = world_.ReadAll(log, options);
  if (seen.oldest) RC_ASSERT(TextOf(seen.oldest) == TextOf(model_.mark()));
  RC_ASSERT(model_.CheckScan(scan.question, scan.gone, seen) == "");
}

void WalReaders::Follow(RoWal* log, uint64_t a, uint64_t b) {
  Follower follower;
  follower.log = log;
  follower.scan = Choose(a, b, &follower.options);
  Start(std::move(follower));
}

void WalReaders::Start(Follower follower) {
  absl::StatusOr<std::unique_ptr<Scanner>> scanner = world_.Read(follower.log, follower.options);
  if (!scanner.ok()) {
    const Scan& scan = follower.scan;
    RC_ASSERT(model_.CheckScan(scan.question, scan.gone, SeenError(scanner.status())) == "");
    return;
  }
  const bool must_be_gone = follower.scan.gone == Gone::kMust;
  RC_ASSERT(!must_be_gone);
  follower.scanner = *std::move(scanner);
  followers_.push_back(std::move(follower));
  if (followers_.size() <= kFollowersMax) return;
  world_.Close(*followers_.front().scanner);
  followers_.pop_front();
}

Gone WalReaders::GoneOf(const Follower& follower, const RoWal* owner) const {
  const Scan& scan = follower.scan;
  if (scan.place >= model_.mark_tick()) return Gone::kNever;
  WalModel::Question forgotten = scan.question;
  forgotten.until = model_.mark_tick();
  // Those of the owner hear of it at once.
  const bool hears = follower.log == owner;
  return hears && !model_.Answer(forgotten).empty() ? Gone::kMust : Gone::kMay;
}

void WalReaders::ReadOn(const RoWal* owner) {
  std::erase_if(followers_,
                [this, owner](Follower& follower) { return !ReadOn(&follower, owner); });
}

bool WalReaders::ReadOn(Follower* follower, const RoWal* owner) {
  Scan& scan = follower->scan;
  const std::vector<WalModel::Message> answer = model_.Answer(scan.question);
  if (answer.empty()) return true;
  const Gone gone = GoneOf(*follower, owner);
  const WalModel::Seen seen = world_.ReadOn(*follower->scanner, answer.size(), &follower->resume);
  RC_ASSERT(model_.CheckScan(scan.question, gone, seen) == "");
  scan.place = scan.question.after = answer.back().tick;
  if (seen.end == WalErrorCode::kOk) return true;
  world_.Close(*follower->scanner);
  return false;
}

// Whatever it has not delivered comes behind its position.
void WalReaders::Resume(RoWal* owner, uint64_t amount) {
  if (followers_.empty()) return;
  auto follower = followers_.begin();
  std::advance(follower, static_cast<ptrdiff_t>(amount % followers_.size()));
  if (!follower->resume) return;
  world_.Close(*follower->scanner);
  Follower next;
  next.log = owner;
  next.options = follower->options;
  next.options.from = After{*follower->resume};
  next.scan = follower->scan;
  next.scan.gone = follower->resume->time_tick < model_.mark_tick() ? Gone::kMust : Gone::kNever;
  followers_.erase(follower);
  Start(std::move(next));
}

void WalReaders::CheckClosed(const RoWal* log) {
  for (Follower& follower : followers_) {
    if (follower.log != log) continue;
    const WalModel::Seen seen = world_.ReadOn(*follower.scanner, 1, &follower.resume);
    RC_ASSERT(WalErrorCodeName(seen.end) == "ON_SHUTDOWN");
  }
}

void WalReaders::ForgetThoseOf(const RoWal* log) {
  std::erase_if(followers_, [log](const Follower& follower) { return follower.log == log; });
}

}  // namespace tidelog::sim
