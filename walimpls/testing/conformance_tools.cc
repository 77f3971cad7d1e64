#include "walimpls/testing/conformance_tools.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_stamper.h"

namespace tidelog::walimpls {

Future<Unit> YieldTimes(int count) {
  for (int i = 0; i < count; ++i) {
    co_await Yield();
  }
  co_return Unit{};
}

ImmutableMessage MessageMaker::Insert(std::string_view payload) {
  MutableMessage::Builder builder(MessageType::kInsert);
  builder.VChannel("v1").Property("const", "t");
  return Finish(std::move(builder), payload);
}

ImmutableMessage MessageMaker::TimeTickMessage() {
  MutableMessage::Builder builder = MessageFactory::AnyBuilder(MessageType::kTimeTick);
  builder.VChannel("v1").Property("const", "t").Property("term", absl::StrCat(ToInt(term_)));
  return Finish(std::move(builder), "");
}

Group MessageMaker::InsertGroup(size_t count) {
  Group group;
  for (size_t i = 0; i < count; ++i) group.push_back(Insert());
  return group;
}

ImmutableMessage MessageMaker::InsertOfSize(size_t size, int property_count) {
  const int number = next_number_;
  size_t payload_size = 0;
  ImmutableMessage message;
  // The first time shows what the rest takes.
  for (int round = 0; round < 2; ++round) {
    next_number_ = number;
    MutableMessage::Builder builder(MessageType::kInsert);
    for (int i = 1; i < property_count; ++i) builder.Property(absl::StrCat("p", i), "v");
    message = Finish(std::move(builder), std::string(payload_size, 'x'));
    if (round == 0) {
      CHECK_GE(size, message.record().size());
      payload_size = size - message.record().size();
    }
  }
  CHECK_EQ(message.record().size(), size);
  return message;
}

ImmutableMessage MessageMaker::Finish(MutableMessage::Builder builder, std::string_view payload) {
  const int number = next_number_++;
  builder.Property("id", absl::StrCat(number));
  absl::StatusOr<MutableMessage> message = std::move(builder).Build(payload);
  CHECK_OK(message);
  MessageStamper::Stamp(*message, term_, TimeTick{next_tick_++}, /*last_confirmed=*/nullptr);
  return MessageStamper::Seal(*std::move(message));
}

int NumberOf(const ImmutableMessage& message) {
  int number = 0;
  CHECK(absl::SimpleAtoi(message.Property("id").value_or(""), &number)) << "a message without id";
  return number;
}

std::vector<int> NumbersOf(const std::vector<ImmutableMessage>& messages) {
  std::vector<int> numbers;
  for (const ImmutableMessage& message : messages) numbers.push_back(NumberOf(message));
  return numbers;
}

std::vector<MessageId> IdsOf(const std::vector<ImmutableMessage>& messages) {
  std::vector<MessageId> ids;
  for (const ImmutableMessage& message : messages) ids.push_back(message.id());
  return ids;
}

bool StrictlyIncreasing(const std::vector<MessageId>& ids) {
  for (size_t i = 1; i < ids.size(); ++i) {
    if (!BeforeWithinLog(ids[i - 1], ids[i])) return false;
  }
  return true;
}

void TakeMessages(RawBatch* batch, std::vector<ImmutableMessage>* messages) {
  for (ImmutableMessage& message : batch->messages) {
    if (!MessageFactory::IsFence(message.record())) messages->push_back(std::move(message));
  }
  batch->messages.clear();
}

std::vector<int> Range(int first, int last) {
  std::vector<int> range;
  for (int i = first; i <= last; ++i) range.push_back(i);
  return range;
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
  const absl::Status closed = Await(strand_, [this] { return scanner_->Close(); });
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
