// SeamTest: a log that was switched twice, and where each of its messages is.
#ifndef TIDELOG_ADAPTOR_CHAIN_SEAM_FIXTURE_H_
#define TIDELOG_ADAPTOR_CHAIN_SEAM_FIXTURE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/chain/switch_world.h"
#include "adaptor/testing/log_world.h"
#include "gtest/gtest.h"
#include "wal/scanner.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {

// Three links: a1 a2 | b1 b2 | c1 c2, of terms 1, 2 and 3.
class SeamTest : public ::testing::Test {
 protected:
  SeamTest() : wal_(world_.MustOpen(Term{1})) {
    Append("a1");
    Append("a2");
    Switch("b", Term{2});
    Append("b1");
    Append("b2");
    Switch("c", Term{3});
    Append("c1");
    Append("c2");
  }
  ~SeamTest() override { world_.Close(&wal_); }

  void Append(const std::string& payload) { Note(payload, world_.MustAppend(*wal_, payload)); }
  void Switch(const std::string& place, Term term) {
    const absl::StatusOr<AppendResult> ended = world_.Switch(*wal_, place);
    ASSERT_TRUE(ended.ok()) << ended.status();
    Note("|", *ended);
    world_.Close(&wal_);
    wal_ = world_.MustOpen(term);
  }
  void Note(const std::string& payload, const AppendResult& result) {
    payloads_.push_back(payload);
    positions_.push_back(result.position());
  }
  std::vector<std::string> From(size_t index) const {
    return {payloads_.begin() + static_cast<ptrdiff_t>(index), payloads_.end()};
  }
  absl::Status Register(const std::string& name, const Position& position) {
    return world_.Run([&] { return wal_->RegisterCheckpoint(name, position); });
  }
  absl::Status Unregister(const std::string& name) {
    return world_.Run([&] { return wal_->UnregisterCheckpoint(name); });
  }
  absl::StatusOr<Position> Truncate(const Position& through) {
    absl::StatusOr<Position> reached = world_.Run([&] { return wal_->Truncate(through); });
    world_.runtime().RunUntilIdle();
    return reached;
  }
  std::vector<std::string> ReadAfter(RoWal& wal, const Position& position) {
    return world_.ReadAll(wal, {.from = After{position}});
  }

  SwitchWorld world_;
  std::unique_ptr<Wal> wal_;
  std::vector<std::string> payloads_;  // Of all that was appended, in order ...
  std::vector<Position> positions_;    // ... and where to go on behind it.
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_CHAIN_SEAM_FIXTURE_H_
