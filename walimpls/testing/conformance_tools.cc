#include "walimpls/testing/conformance_tools.h"

namespace tidelog::walimpls {

Future<Unit> YieldTimes(int count) {
  for (int i = 0; i < count; ++i) {
    co_await Yield();
  }
  co_return Unit{};
}

ScanHandle::~ScanHandle() {
  if (scanner_ != nullptr) CHECK_OK(Close());
}

absl::StatusOr<RawBatch> ScanHandle::Next(RawBatch reuse) {
  return Await(strand_, [&] { return scanner_->Next(std::move(reuse)); });
}

Scanned ScanHandle::ReadCount(size_t count) {
  Scanned scanned;
  while (scanned.messages.size() < count) {
    absl::StatusOr<RawBatch> batch = Next();
    scanned.status = batch.status();
    if (!batch.ok()) break;
    TakeMessages(&*batch, &scanned.messages);
    if (batch->end) break;
  }
  return scanned;
}

Scanned ScanHandle::ReadToEnd() { return ReadCount(std::string::npos); }

absl::Status ScanHandle::Close() {
  absl::Status closed = Await(strand_, [this] { return scanner_->Close(); });
  scanner_.reset();
  return closed;
}

absl::StatusOr<Ids> WriterHandle::Append(Group group) {
  return Run([&] { return log_->Append(std::move(group)); });
}

absl::StatusOr<MessageId> WriterHandle::Append(ImmutableMessage message) {
  Group group;
  group.push_back(std::move(message));
  const absl::StatusOr<Ids> ids = Append(std::move(group));
  if (!ids.ok()) return ids.status();
  CHECK_EQ(ids->size(), 1u);
  return ids->front();
}

std::vector<MessageId> WriterHandle::AppendInserts(MessageMaker* maker, int count) {
  std::vector<MessageId> ids;
  for (int i = 0; i < count; ++i) {
    const absl::StatusOr<MessageId> id = Append(maker->Insert());
    CHECK_OK(id);
    ids.push_back(*id);
  }
  return ids;
}

absl::Status WriterHandle::Truncate(const Position& mark) {
  return Run([&] { return log_->Truncate(mark); });
}

void WriterHandle::Tick() {
  const Unit ticked = Run([this] {
    log_->OnTick();
    return MakeReadyFuture(Unit{});
  });
  (void)ticked;  // Has nothing to say.
}

absl::StatusOr<WriterHandle> OpenWriter(OpenerImpls* opener, const PChannel& channel,
                                        Executor* strand) {
  OpenOptions options;
  options.strand = strand;
  absl::StatusOr<std::unique_ptr<WalImpls>> wal =
      Await(strand, [&] { return opener->Open(channel, options); });
  if (!wal.ok()) return wal.status();
  return WriterHandle(*std::move(wal), strand);
}

absl::StatusOr<ReaderHandle> OpenReader(OpenerImpls* opener, const PChannel& channel,
                                        Executor* strand) {
  OpenOptions options;
  options.strand = strand;
  absl::StatusOr<std::unique_ptr<RoWalImpls>> log =
      Await(strand, [&] { return opener->OpenReadOnly(channel, options); });
  if (!log.ok()) return log.status();
  return ReaderHandle(*std::move(log), strand);
}

AppendFutures StartAll(WalImpls* wal, std::vector<Group> groups) {
  AppendFutures appends;
  for (Group& group : groups) appends.push_back(wal->Append(std::move(group)));
  return appends;
}

Future<AppendResults> TakeAll(AppendFutures appends) {
  AppendResults results;
  for (size_t i = 0; i < appends.size(); ++i) {
    absl::StatusOr<Ids> result = co_await std::move(appends[i]);
    results.push_back(std::move(result));
  }
  co_return results;
}

Future<AppendResults> TakeBoth(Future<AppendResults> appends, Future<Unit> other) {
  AppendResults results = co_await std::move(appends);
  co_await std::move(other);
  co_return results;
}

AppendResults AppendAll(WriterHandle* writer, std::vector<Group> groups) {
  return writer->Run([&] { return TakeAll(StartAll(writer->get(), std::move(groups))); });
}

}  // namespace tidelog::walimpls
