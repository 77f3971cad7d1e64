// Damage and full disks: what a file log refuses, reports, and gets over.
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "impls/file/names.h"
#include "impls/file/testing/log_machine.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/observer.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kDirectory = "log/orders";

class DamageTest : public ::testing::Test {
 protected:
  DamageTest() : machine_(1) {}

  // The names in the channel's directory that `matches`.
  std::vector<std::string> Names(std::string_view part) {
    FileSystem* files = machine_.disk().NewProcess();
    const absl::StatusOr<std::vector<std::string>> names =
        machine_.runtime().Run([&] { return files->List(std::string(kDirectory)); });
    std::vector<std::string> found;
    for (const std::string& name : *names) {
      if (absl::StrContains(name, part)) found.push_back(absl::StrCat(kDirectory, "/", name));
    }
    return found;
  }
  // Changes one byte of a file, on the disk too.
  void Rot(const std::string& path, uint64_t offset) {
    FileSystem* files = machine_.disk().NewProcess();
    TestRuntime& runtime = machine_.runtime();
    auto file = runtime.Run([&] { return files->Open(path, OpenMode::kReadWrite); });
    ASSERT_TRUE(file.ok()) << file.status();
    char byte = 0;
    const std::span<char> into(&byte, 1);
    ASSERT_TRUE(runtime.Run([&] { return (*file)->Read(offset, into); }).ok());
    byte = static_cast<char>(byte ^ 0x40);
    const std::span<const char> piece(&byte, 1);
    const std::span<const char> pieces[] = {piece};
    ASSERT_TRUE(runtime.Run([&] { return (*file)->Write(offset, pieces); }).ok());
    ASSERT_TRUE(runtime.Run([&] { return (*file)->Sync(); }).ok());
  }
  void Remove(const std::string& path) {
    FileSystem* files = machine_.disk().NewProcess();
    ASSERT_TRUE(machine_.runtime().Run([&] { return files->Unlink(path); }).ok());
  }
  bool WasTold(Event::Kind kind) {
    for (const Event& event : machine_.observer().events) {
      if (event.kind == kind) return true;
    }
    return false;
  }
  // Scans everything there is, with gaps for what is damaged.
  struct Gaps {
    absl::Status status;
    std::vector<uint64_t> numbers;
    std::vector<std::pair<uint64_t, uint64_t>> gaps;
  };
  // `run` runs what it is given where `wal` belongs.
  template <class Runner>
  static Gaps ReadWithGaps(walimpls::RoWalImpls* wal, Runner run);
  Gaps ReadWithGaps(LogProcess* process) {
    return ReadWithGaps(process->wal(), [process](auto start) { return process->Run(start); });
  }
  // The same as another process does.
  Gaps ReadAsReaderWithGaps();

  LogMachine machine_;
};

template <class Runner>
DamageTest::Gaps DamageTest::ReadWithGaps(walimpls::RoWalImpls* wal, Runner run) {
  Gaps read;
  walimpls::ScanOptions options;
  options.on_corrupt = ReadOptions::OnCorrupt::kGap;
  const auto state = run([&] { return wal->Info(); });
  options.until = state->tail_id;
  auto scanner = run([&] { return wal->Read(options); });
  read.status = scanner.status();
  for (bool end = false; read.status.ok() && !end;) {
    auto batch = run([&] { return (*scanner)->Next({}); });
    read.status = batch.status();
    if (!batch.ok()) break;
    for (const ImmutableMessage& message : batch->messages) {
      read.numbers.push_back(ToInt(message.time_tick()));
    }
    if (batch->gap) {
      read.gaps.emplace_back(*batch->gap->first.ToNumber(), *batch->gap->last.ToNumber());
    }
    end = batch->end;
  }
  (void)run([&] { return (*scanner)->Close(); });
  return read;
}

DamageTest::Gaps DamageTest::ReadAsReaderWithGaps() {
  std::unique_ptr<walimpls::OpenerImpls> opener = machine_.MakeOpener(machine_.disk().NewProcess());
  TestRuntime& runtime = machine_.runtime();
  walimpls::OpenOptions options;
  options.strand = runtime.executor();
  const PChannel channel{"orders", Term{0}};
  auto wal = runtime.Run([&] { return opener->OpenReadOnly(channel, options); });
  Gaps read;
  read.status = wal.status();
  if (wal.ok()) {
    read = ReadWithGaps(wal->get(), [&runtime](auto start) { return runtime.Run(start); });
    CHECK_OK(runtime.Run([&] { return (*wal)->Close(walimpls::CloseMode::kAbandon); }));
    wal->reset();
  }
  CHECK_OK(runtime.Run([&] { return opener->Close(); }));
  return read;
}

TEST_F(DamageTest, ATornTailIsDroppedAndReported) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(2).ok());
  machine_.disk().SetFaultHook([](const DiskEvent& event) {
    DiskFault fault;
    if (event.operation == DiskOperation::kWrite && absl::EndsWith(event.path, ".seg")) {
      fault.crash = DiskFault::Crash::kProcess;
      fault.progress = DiskFault::Progress::kPart;
    }
    return fault;
  });
  owner.StartAppend(1, 30000);
  (void)owner.Settle();
  machine_.disk().SetFaultHook(nullptr);
  LogProcess next(&machine_);
  ASSERT_TRUE(next.Open(Term{2}).ok());
  EXPECT_TRUE(WasTold(Event::Kind::kTornTail));
  EXPECT_EQ(next.Read().records.size(), 2u);
}

TEST_F(DamageTest, ACleanTailIsNotReportedAsTorn) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(2).ok());
  LogProcess next(&machine_);
  ASSERT_TRUE(next.Open(Term{2}).ok());
  EXPECT_FALSE(WasTold(Event::Kind::kTornTail));
}

TEST_F(DamageTest, RotBelowAWatermarkRefusesTheOpenAndNamesTheRange) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(1, 200).ok());
  owner.Tick();
  Rot(Names(".seg")[0], 4096 + 150);
  LogProcess next(&machine_);
  const absl::Status opened = next.Open(Term{2});
  EXPECT_EQ(GetWalErrorCode(opened), WalErrorCode::kCorrupt) << opened;
  EXPECT_THAT(opened.message(), HasSubstr("bytes [4096, "));
}

TEST_F(DamageTest, RotInALastGroupThatNoWatermarkCoversIsDroppedAndReported) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(1, 200).ok());
  Rot(Names(".seg")[0], 4096 + 150);
  LogProcess next(&machine_);
  EXPECT_TRUE(next.Open(Term{2}).ok());
  EXPECT_TRUE(WasTold(Event::Kind::kTornTail));
}

TEST_F(DamageTest, RotInASealedSegmentStopsAScanOrIsAGapIfAsked) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(owner.Append(1, 9000).ok());
  Rot(Names(".seg")[0], 4096 + 9500);
  const SeenLog stopped = owner.Read();
  EXPECT_EQ(GetWalErrorCode(stopped.status), WalErrorCode::kCorrupt) << stopped.status;
  EXPECT_THAT(stopped.status.message(), HasSubstr("bytes ["));
  const Gaps read = ReadWithGaps(&owner);
  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_THAT(read.gaps, ::testing::ElementsAre(std::pair<uint64_t, uint64_t>(2, 2)));
  EXPECT_THAT(read.numbers, ::testing::ElementsAre(1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
}

TEST_F(DamageTest, AReaderFindsTheTailBehindDamageInTheLastSegment) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(owner.Append(1, 200).ok());
  ASSERT_TRUE(owner.Close(walimpls::CloseMode::kClean).ok());
  Rot(Names(".seg")[0], 4096 + 150);
  const Gaps read = ReadAsReaderWithGaps();
  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_THAT(read.gaps, ::testing::ElementsAre(std::pair<uint64_t, uint64_t>(1, 1)));
  EXPECT_THAT(read.numbers, ::testing::ElementsAre(2, 3));
}

TEST_F(DamageTest, AReaderGetsAGapForADamagedLastRecord) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(1, 200).ok());
  ASSERT_TRUE(owner.Append(3, 200).ok());
  ASSERT_TRUE(owner.Close(walimpls::CloseMode::kClean).ok());
  Rot(Names(".seg")[0], 4096 + 600);
  const Gaps read = ReadAsReaderWithGaps();
  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_THAT(read.gaps, ::testing::ElementsAre(std::pair<uint64_t, uint64_t>(2, 4)));
  EXPECT_THAT(read.numbers, ::testing::ElementsAre(1));
}

TEST_F(DamageTest, AListedSegmentThatIsMissingRefusesTheOpen) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(owner.Append(1, 9000).ok());
  const std::string first = Names(".seg")[0];
  Remove(first);
  LogProcess next(&machine_);
  const absl::Status opened = next.Open(Term{2});
  EXPECT_EQ(GetWalErrorCode(opened), WalErrorCode::kCorrupt) << opened;
}

TEST_F(DamageTest, ABadNewestManifestIsRefusedAndNotSkipped) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  Rot(Names("manifest-")[0], 30);
  LogProcess next(&machine_);
  EXPECT_EQ(GetWalErrorCode(next.Open(Term{2})), WalErrorCode::kCorrupt);
  EXPECT_EQ(GetWalErrorCode(machine_.ReadAsReader().status), WalErrorCode::kCorrupt);
}

TEST_F(DamageTest, ALostManifestIsNotTakenForANewLog) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(1).ok());
  Remove(Names("manifest-")[0]);
  LogProcess next(&machine_);
  EXPECT_EQ(GetWalErrorCode(next.Open(Term{2})), WalErrorCode::kCorrupt);
}

TEST_F(DamageTest, ALostOwnerWordIsNotTakenForANewLog) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  Remove(absl::StrCat(kDirectory, "/", kTermName));
  LogProcess next(&machine_);
  EXPECT_EQ(GetWalErrorCode(next.Open(Term{2})), WalErrorCode::kCorrupt);
}

TEST_F(DamageTest, AFullDiskEndsAppendsLosesNothingAndHeals) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(1).ok());
  machine_.disk().SetCapacity(machine_.disk().used_bytes());
  absl::Status full;
  for (int i = 0; i < 20 && full.ok(); ++i) full = owner.Append(1, 9000);
  EXPECT_EQ(GetWalErrorCode(full), WalErrorCode::kResourceExhausted) << full;
  EXPECT_EQ(GetWalErrorCode(owner.Append(1)), WalErrorCode::kUnavailable) << "until told to go on";
  owner.wal()->AcceptAgain();
  EXPECT_EQ(GetWalErrorCode(owner.Append(1, 9000)), WalErrorCode::kResourceExhausted);
  machine_.disk().SetCapacity(uint64_t{1} << 40);
  owner.wal()->AcceptAgain();
  EXPECT_TRUE(owner.Append(1, 9000).ok());
  EXPECT_EQ(machine_.CheckRecovered(owner.Read()), "");
}

TEST_F(DamageTest, TruncationWorksOnAFullDiskAndMakesRoom) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(owner.Append(1, 9000).ok());
  machine_.disk().SetCapacity(machine_.disk().used_bytes());
  absl::Status full;
  for (int i = 0; i < 20 && full.ok(); ++i) full = owner.Append(1, 9000);
  ASSERT_EQ(GetWalErrorCode(full), WalErrorCode::kResourceExhausted) << full;
  owner.wal()->AcceptAgain();
  const absl::Status truncated = owner.Truncate(25);
  EXPECT_TRUE(truncated.ok()) << truncated;
  EXPECT_TRUE(owner.Append(1, 9000).ok());
  EXPECT_EQ(machine_.CheckRecovered(owner.Read()), "");
}

// Others have seen the mark: its owner tells it too, and not before it is durable.
TEST_F(DamageTest, AMarkThatIsInDoubtIsToldWhenItIsDurable) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(owner.Append(1).ok());
  machine_.disk().SetFaultHook([](const DiskEvent& event) {
    const bool fails = event.operation == DiskOperation::kSyncDirectory;
    return fails ? DiskFault{.error_number = EIO} : DiskFault();
  });
  EXPECT_EQ(GetWalErrorCode(owner.Truncate(2)), WalErrorCode::kOutcomeUnknown);
  auto info = owner.Run([&] { return owner.wal()->Info(); });
  EXPECT_EQ(GetWalErrorCode(info.status()), WalErrorCode::kUnavailable) << info.status();
  machine_.disk().SetFaultHook(nullptr);
  info = owner.Run([&] { return owner.wal()->Info(); });
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_TRUE(info->truncated.has_value());
}

// While one mark in doubt is made durable, another comes into doubt: neither is told before it is.
void TruncateTwiceInDoubt(LogMachine* machine) {
  LogProcess owner(machine);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(owner.Append(1).ok());
  int syncs = 0;
  machine->disk().SetFaultHook([&syncs](const DiskEvent& event) {
    if (event.operation != DiskOperation::kSyncDirectory) return DiskFault();
    ++syncs;
    return DiskFault{.error_number = syncs == 1 || syncs == 3 ? EIO : 0};
  });
  EXPECT_EQ(GetWalErrorCode(owner.Truncate(2)), WalErrorCode::kOutcomeUnknown);
  const Position higher{machine->acknowledged().at(3), TimeTick{3}};
  std::optional<Future<absl::Status>> truncated;
  const auto info = owner.Run([&] {
    auto told = owner.wal()->Info();
    truncated = owner.wal()->Truncate(higher);
    return told;
  });
  EXPECT_EQ(GetWalErrorCode(owner.Run([&] { return *std::move(truncated); })),
            WalErrorCode::kOutcomeUnknown);
  machine->disk().SetFaultHook(nullptr);
  ASSERT_TRUE(info.ok()) << info.status();
  machine->disk().CrashMachine();
  LogProcess next(machine);
  ASSERT_TRUE(next.Open(Term{2}).ok());
  const auto kept = next.Run([&] { return next.wal()->Info(); });
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_GE(kept->truncated->time_tick, info->truncated->time_tick);
}

TEST(MarkTest, OneThatComesIntoDoubtMeanwhileIsSettledAsWell) {
  for (uint64_t seed = 0; seed < 16; ++seed) {
    SCOPED_TRACE(seed);
    LogMachine machine(seed);
    TruncateTwiceInDoubt(&machine);
  }
}

// Each sync of a segment fails, for a while: its groups are written again, to another one.
TEST_F(DamageTest, AFailedSyncGivesTheSegmentUpAndNothingElse) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(2).ok());
  int left = 1;
  machine_.disk().SetFaultHook([&left](const DiskEvent& event) {
    const bool fails =
        event.operation == DiskOperation::kSync && absl::EndsWith(event.path, ".seg") && left-- > 0;
    return DiskFault{.error_number = fails ? EIO : 0};
  });
  owner.StartAppend(3, 100);
  owner.StartAppend(1, 100);
  EXPECT_TRUE(owner.Settle().ok());
  machine_.disk().SetFaultHook(nullptr);
  EXPECT_TRUE(WasTold(Event::Kind::kBackendTrouble));
  EXPECT_EQ(Names(".seg").size(), 2u);
  machine_.disk().CrashMachine();
  LogProcess next(&machine_);
  ASSERT_TRUE(next.Open(Term{2}).ok());
  EXPECT_EQ(machine_.CheckRecovered(next.Read()), "");
  EXPECT_EQ(next.Read().records.size(), 6u);
}

// A file system that turns read-only breaks the writer, and its group cannot be sealed off.
class ReadOnlyTest : public DamageTest {
 protected:
  void BreakWith(LogProcess* owner) {
    ASSERT_TRUE(owner->Open(Term{1}).ok());
    ASSERT_TRUE(owner->Append(2).ok());
    machine_.disk().SetFaultHook([](const DiskEvent&) { return DiskFault{.error_number = EROFS}; });
    EXPECT_TRUE(absl::IsUnavailable(owner->Append(1))) << "it is pending";
    machine_.disk().SetFaultHook(nullptr);
  }
};

TEST_F(ReadOnlyTest, WhatIsInDoubtInABrokenWriterAHigherTermEnds) {
  LogProcess owner(&machine_);
  BreakWith(&owner);
  auto scanner = owner.Run([&] { return owner.wal()->Read({}); });
  ASSERT_TRUE(scanner.ok()) << scanner.status();
  auto batch = owner.Run([&] { return (*scanner)->Next({}); });
  ASSERT_EQ(batch->messages.size(), 2u);
  LogProcess next(&machine_);
  ASSERT_TRUE(next.Open(Term{2}).ok());
  ASSERT_TRUE(next.Append(1).ok());
  EXPECT_EQ(GetWalErrorCode(owner.Settle()), WalErrorCode::kOutcomeUnknown);
  ASSERT_TRUE(next.Append(1).ok());
  batch = owner.Run([&] { return (*scanner)->Next({}); });
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(ToInt(batch->messages.front().term()), 2) << "scanners go on into the new term";
  EXPECT_EQ(machine_.CheckRecovered(next.Read()), "");
  (void)owner.Run([&] { return (*scanner)->Close(); });
}

TEST_F(ReadOnlyTest, WhatIsInDoubtInABrokenWriterItsCloseEnds) {
  LogProcess owner(&machine_);
  BreakWith(&owner);
  EXPECT_TRUE(owner.Close(walimpls::CloseMode::kAbandon).ok());
  LogProcess next(&machine_);
  ASSERT_TRUE(next.Open(Term{2}).ok());
  EXPECT_EQ(machine_.CheckRecovered(next.Read()), "");
}

TEST_F(DamageTest, ADiskThatKeepsFailingEndsAppendsNotDone) {
  LogProcess owner(&machine_);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(2).ok());
  machine_.disk().SetFaultHook([](const DiskEvent& event) {
    const bool fails =
        event.operation == DiskOperation::kWrite && absl::EndsWith(event.path, ".seg");
    return DiskFault{.error_number = fails ? EIO : 0};
  });
  EXPECT_EQ(EffectOf(owner.Append(1)), Effect::kNotDone);
  machine_.disk().SetFaultHook(nullptr);
  owner.wal()->AcceptAgain();
  EXPECT_TRUE(owner.Append(1).ok());
  EXPECT_EQ(machine_.CheckRecovered(owner.Read()), "");
}

TEST_F(DamageTest, LeftoversOfLowerTermsAreSwept) {
  {
    LogProcess owner(&machine_);
    ASSERT_TRUE(owner.Open(Term{1}).ok());
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(owner.Append(1, 9000).ok());  // Prepares the next.
    machine_.disk().CrashProcess(owner.files());
  }
  EXPECT_FALSE(Names("private-").empty());
  LogProcess next(&machine_);
  ASSERT_TRUE(next.Open(Term{2}).ok());
  EXPECT_TRUE(Names("private-000000000000001").empty());
  EXPECT_EQ(Names(".seg").size(), 2u) << "the old one and the new one";
}

}  // namespace
}  // namespace tidelog::impls::file
