#include <algorithm>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "wal/message/message_id.h"

namespace tidelog {
namespace {

std::string AnyKey() {
  const size_t size = *rc::gen::inRange<size_t>(1, MessageId::kKeyMax + 1);
  // Few values, so that keys share prefixes.
  return *rc::gen::container<std::string>(
      size, rc::gen::element<char>('\0', '\1', '0', 'x', '\x7f', '\x80', '\xff'));
}

MessageId AnyId() {
  const LogKind kind{*rc::gen::distinctFrom<uint16_t>(uint16_t{0})};
  const uint32_t log = *rc::gen::arbitrary<uint32_t>();
  const uint32_t epoch = *rc::gen::arbitrary<uint32_t>();
  return MessageId({kind, log, epoch}, AnyKey());
}

std::strong_ordering MemcmpOrder(const std::string& a, const std::string& b) {
  const int order = std::memcmp(a.data(), b.data(), std::min(a.size(), b.size()));
  return order != 0 ? order <=> 0 : a.size() <=> b.size();
}

RC_GTEST_PROP(MessageIdProperty, OrderIsThatOfTheKeysBytes, ()) {
  const std::string a = AnyKey();
  const std::string b = AnyKey();
  const MessageId id_a({LogKind::kObject, 1, 1}, a);
  const MessageId id_b({LogKind::kObject, 1, 1}, b);
  RC_ASSERT(id_a.Compare(id_b).value() == MemcmpOrder(a, b));
  RC_ASSERT(CompareWithinLog(id_a, id_b) == MemcmpOrder(a, b));
  RC_ASSERT((id_a == id_b) == (a == b));
}

RC_GTEST_PROP(MessageIdProperty, OrderOfNumbersIsThatOfTheNumbers, (uint64_t a, uint64_t b)) {
  const MessageId id_a = MessageId::FromNumber({LogKind::kFile, 0, 0}, a);
  const MessageId id_b = MessageId::FromNumber({LogKind::kFile, 0, 0}, b);
  RC_ASSERT(CompareWithinLog(id_a, id_b) == (a <=> b));
  RC_ASSERT(id_a.ToNumber().value() == a);
}

RC_GTEST_PROP(MessageIdProperty, TextRoundTrips, (uint64_t tick)) {
  const MessageId id = AnyId();
  RC_ASSERT(MessageId::Parse(id.ToString()).value() == id);
  const Position position{id, TimeTick{tick}};
  RC_ASSERT(Position::Parse(position.ToString()).value() == position);
}

RC_GTEST_PROP(MessageIdProperty, AnIdHasOneTextForm, (uint8_t index, char c)) {
  std::string text = AnyId().ToString();
  text[index % text.size()] = c;
  const absl::StatusOr<MessageId> id = MessageId::Parse(text);
  if (id.ok()) RC_ASSERT(id->ToString() == text);
}

}  // namespace
}  // namespace tidelog
