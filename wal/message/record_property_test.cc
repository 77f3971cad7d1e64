#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "wal/message/message_block.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/record_writer.h"
#include "wal/types.h"

namespace tidelog {
namespace {

// What a record is made of, with the bytes that its parts view.
struct Model {
  std::string last_confirmed, replay_start, vchannel, payload;
  std::map<std::string, std::string> properties;
  std::vector<PropertyView> views;
  RecordParts parts;
};

std::string AnyKey(size_t size_min) {
  const size_t size = *rc::gen::inRange<size_t>(size_min, MessageId::kKeyMax + 1);
  return *rc::gen::container<std::string>(size, rc::gen::arbitrary<char>());
}

void DrawExtensions(Model* model) {
  RecordParts& parts = model->parts;
  if (*rc::gen::arbitrary<bool>())
    parts.barrier_time_tick = TimeTick{*rc::gen::arbitrary<uint64_t>()};
  if (*rc::gen::arbitrary<bool>()) {
    const uint64_t id = *rc::gen::arbitrary<uint64_t>();
    const int64_t ms = *rc::gen::arbitrary<int64_t>();
    parts.txn = TxnContext{TimeTick{id}, absl::Milliseconds(ms)};
  }
  if (*rc::gen::arbitrary<bool>()) parts.txn_bodies = *rc::gen::arbitrary<uint32_t>();
  if (*rc::gen::arbitrary<bool>()) parts.replay_start_key = model->replay_start;
  if (*rc::gen::arbitrary<bool>()) {
    const uint32_t total = *rc::gen::inRange<uint32_t>(2, UINT32_MAX);
    const uint32_t index = *rc::gen::inRange<uint32_t>(0, total);
    parts.chunk = Chunk{index, total};
  }
}

void Draw(Model* model) {
  model->last_confirmed = AnyKey(0);
  model->replay_start = AnyKey(0);
  model->vchannel = *rc::gen::arbitrary<std::string>();
  model->payload = *rc::gen::arbitrary<std::string>();
  model->properties = *rc::gen::arbitrary<std::map<std::string, std::string>>();
  model->properties.erase("");
  for (const auto& [key, value] : model->properties) model->views.push_back({key, value});
  RecordParts& parts = model->parts;
  parts.type = MessageType{*rc::gen::distinctFrom<int32_t>(999)};
  parts.version = *rc::gen::arbitrary<uint16_t>();
  parts.term = Term{*rc::gen::arbitrary<int64_t>()};
  parts.time_tick = TimeTick{*rc::gen::arbitrary<uint64_t>()};
  if (*rc::gen::arbitrary<bool>()) {
    parts.flags = kLastConfirmedIsSelf;
  } else {
    parts.last_confirmed_key = model->last_confirmed;
  }
  parts.vchannel = model->vchannel;
  parts.properties = model->views;
  DrawExtensions(model);
}

std::string Write(const Model& model) {
  MessageBlockRef block = MakeRecord(model.parts, model.payload.size());
  if (!model.payload.empty()) {
    std::memcpy(MutablePayload(block.get()), model.payload.data(), model.payload.size());
  }
  return std::string(block->bytes(), block->size());
}

RC_GTEST_PROP(RecordProperty, WhatIsWrittenIsRead, ()) {
  Model model;
  Draw(&model);
  const RecordParts& parts = model.parts;
  const std::string bytes = Write(model);
  const RecordView record = RecordView::Parse(bytes).value();
  RC_ASSERT(record.bytes() == bytes);
  RC_ASSERT(record.type() == parts.type);
  RC_ASSERT(record.version() == parts.version);
  RC_ASSERT(record.term() == parts.term);
  RC_ASSERT(record.time_tick() == parts.time_tick);
  RC_ASSERT(record.last_confirmed_key() == parts.last_confirmed_key);
  RC_ASSERT(record.barrier_time_tick() == parts.barrier_time_tick);
  RC_ASSERT(record.txn() == parts.txn || parts.txn->keepalive == absl::Seconds(-1));
  RC_ASSERT(record.txn_bodies() == parts.txn_bodies);
  RC_ASSERT(record.replay_start_key() == parts.replay_start_key.value_or(""));
  RC_ASSERT(record.chunk() == parts.chunk);
  RC_ASSERT(record.vchannel() == model.vchannel);
  RC_ASSERT(record.payload() == model.payload);
  std::map<std::string, std::string> met;
  record.ForEachProperty(
      [&](std::string_view key, std::string_view value) { met.emplace(key, value); });
  RC_ASSERT(met == model.properties);
  for (const auto& [key, value] : model.properties) RC_ASSERT(record.Property(key) == value);
}

// Whatever Parse() lets pass can be read to the last byte; ASan sees a step outside.
RC_GTEST_PROP(RecordProperty, DamagedBytesAreReadSafely, ()) {
  Model model;
  Draw(&model);
  std::string bytes = Write(model);
  const size_t at = *rc::gen::inRange<size_t>(0, bytes.size());
  bytes[at] = *rc::gen::arbitrary<char>();
  const std::vector<char> exact(bytes.begin(), bytes.end());
  const absl::StatusOr<RecordView> record =
      RecordView::Parse(std::string_view(exact.data(), exact.size()));
  if (!record.ok()) return;
  RC_ASSERT(record->size() == exact.size());
  RC_ASSERT(record->payload().data() + record->payload().size() == exact.data() + exact.size());
  size_t count = 0;
  record->ForEachProperty([&](std::string_view key, std::string_view value) {
    RC_ASSERT(record->Property(key) == value);
    ++count;
  });
  RC_ASSERT(count == record->property_count());
}

}  // namespace
}  // namespace tidelog
