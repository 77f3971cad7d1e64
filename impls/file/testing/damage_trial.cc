#include "impls/file/testing/damage_trial.h"

#include <optional>

#include "absl/log/check.h"
#include "impls/file/little_endian.h"
#include "impls/file/names.h"
#include "impls/file/term_word.h"
#include "wal/io/file_system.h"
#include "wal/message/message.h"
#include "wal/message/message_stamper.h"
#include "wal/observer.h"
#include "wal/status.h"
#include "walimpls/scanner.h"

namespace tidelog::impls::file {

namespace {

constexpr char kDir[] = "log";
constexpr char kChannel[] = "orders";
constexpr Term kNextTerm{100};
constexpr uint64_t kAppendedTick = uint64_t{1} << 60;

void Take(const walimpls::RawBatch& batch, ReadBack* back) {
  for (const ImmutableMessage& message : batch.messages) {
    back->number = message.id().origin().log;
    back->records.push_back({message.id().ToNumber().value(), ToInt(message.time_tick()),
                             std::string(message.payload())});
  }
  if (batch.gap) {
    back->gaps.emplace_back(batch.gap->first.ToNumber().value(),
                            batch.gap->last.ToNumber().value());
  }
}

Future<ReadBack> ReadAll(walimpls::RoWalImpls* wal, ReadOptions::OnCorrupt on_corrupt) {
  ReadBack back;
  absl::StatusOr<walimpls::LogState> state = co_await wal->Info();
  back.status = state.status();
  if (!state.ok() || !state->tail_id.has_value()) co_return back;
  walimpls::ScanOptions options;
  options.until = state->tail_id;
  options.on_corrupt = on_corrupt;
  absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> scanner =
      co_await wal->Read(std::move(options));
  back.status = scanner.status();
  if (!scanner.ok()) co_return back;
  for (bool end = false; !end;) {
    walimpls::RawBatch reuse;
    absl::StatusOr<walimpls::RawBatch> batch = co_await (*scanner)->Next(std::move(reuse));
    back.status = batch.status();
    if (!batch.ok()) break;
    Take(*batch, &back);
    end = batch->end;
  }
  absl::Status closed = co_await (*scanner)->Close();
  CHECK_OK(closed);
  co_return back;
}

walimpls::Group GroupOfOne(Term term) {
  const StoredRecord record = AppendedRecord(0);
  absl::StatusOr<MutableMessage> built =
      MutableMessage::Builder(MessageType::kInsert).Build(record.payload);
  CHECK_OK(built.status());
  MutableMessage message = *std::move(built);
  MessageStamper::Stamp(message, term, TimeTick{record.tick}, /*last_confirmed=*/nullptr);
  walimpls::Group group;
  group.push_back(MessageStamper::Seal(std::move(message)));
  return group;
}

// The term above that of the owner word in `image`; none if it has no word, or there is none above.
std::optional<Term> TermAbove(const LogImage& image) {
  const auto term = image.find(std::string(kChannel) + "/" + std::string(kTermName));
  if (term == image.end() || term->second.size() < sizeof(uint64_t)) return std::nullopt;
  const Term now = TermWord::Unpack(LoadLittleEndian<uint64_t>(term->second.data())).term;
  if (now >= kTermMax) return std::nullopt;
  return Term{ToInt(now) + 1};
}

}  // namespace

StoredRecord AppendedRecord(uint64_t id) { return {id, kAppendedTick, "appended by the next"}; }

DamageTrial::DamageTrial(const LogImage& image)
    : machine_(1, {{"preallocate", "none"}}), term_above_(TermAbove(image).value_or(Term{})) {
  LayDown(&machine_.runtime(), machine_.disk().NewProcess(), kDir, image);
}

ReadBack DamageTrial::ReadAsReader(OnCorrupt on_corrupt) {
  std::unique_ptr<walimpls::OpenerImpls> opener = machine_.MakeOpener(machine_.disk().NewProcess());
  walimpls::OpenOptions options;
  options.strand = machine_.runtime().executor();
  auto wal = Await([&] { return opener->OpenReadOnly(PChannel{kChannel, Term{0}}, options); });
  ReadBack back;
  back.status = wal.status();
  if (wal.ok()) {
    back = Await([&] { return ReadAll(wal->get(), on_corrupt); });
    CHECK_OK(Await([&] { return (*wal)->Close(walimpls::CloseMode::kAbandon); }));
    wal->reset();
  }
  CHECK_OK(Await([&] { return opener->Close(); }));
  return back;
}

void DamageTrial::Inspect(DamageOutcome* outcome) {
  FileSystem* const files = machine_.disk().NewProcess();
  outcome->listed = Await([&] { return ListChannels(files, kDir); }).status();
  auto report = Await([&] { return Verify(files, kDir, kChannel, InspectOptions{}); });
  outcome->verified = report.status();
  if (report.ok()) outcome->report = *std::move(report);
}

absl::StatusOr<std::unique_ptr<walimpls::WalImpls>> DamageTrial::Open(walimpls::OpenerImpls* opener,
                                                                      Term term) {
  walimpls::OpenOptions options;
  options.strand = machine_.runtime().executor();
  return Await([&] { return opener->Open(PChannel{kChannel, term}, options); });
}

void DamageTrial::OpenAndAppend(DamageOutcome* outcome) {
  std::unique_ptr<walimpls::OpenerImpls> opener = machine_.MakeOpener(machine_.disk().NewProcess());
  auto wal = Open(opener.get(), kNextTerm);
  outcome->opened = wal.status();
  if (GetWalErrorCode(wal.status()) == WalErrorCode::kUnmatchedTerm && term_above_ != Term{}) {
    wal = Open(opener.get(), term_above_);
    outcome->opened_above = wal.status();
  }
  if (wal.ok()) {
    WorkAsOwner(wal->get(), outcome);
    CHECK_OK(Await([&] { return (*wal)->Close(walimpls::CloseMode::kAbandon); }));
    wal->reset();
  }
  CHECK_OK(Await([&] { return opener->Close(); }));
  for (const Event& event : machine_.observer().events) {
    if (event.kind == Event::Kind::kTornTail) outcome->torn_told = true;
  }
}

void DamageTrial::WorkAsOwner(walimpls::WalImpls* wal, DamageOutcome* outcome) {
  outcome->owner = Await([&] { return ReadAll(wal, OnCorrupt::kStop); });
  outcome->appended = Await([&] { return wal->Append(GroupOfOne(wal->channel().term)); }).status();
  // So that readers see what was appended.
  Await([&] {
    wal->OnTick();
    return MakeReadyFuture(Unit{});
  });
  machine_.runtime().RunUntilIdle();
  outcome->owner_after = Await([&] { return ReadAll(wal, OnCorrupt::kStop); });
}

DamageOutcome DamageTrial::Run() {
  DamageOutcome outcome;
  outcome.reader = ReadAsReader(OnCorrupt::kStop);
  outcome.gap_reader = ReadAsReader(OnCorrupt::kGap);
  Inspect(&outcome);
  OpenAndAppend(&outcome);
  outcome.reader_after = ReadAsReader(OnCorrupt::kStop);
  outcome.gap_reader_after = ReadAsReader(OnCorrupt::kGap);
  outcome.image_after = ReadImage(&machine_.runtime(), machine_.disk().NewProcess(), kDir);
  return outcome;
}

}  // namespace tidelog::impls::file
