// The messages of the conformance tests: numbered, so that one knows at once which are missing.
#ifndef TIDELOG_WALIMPLS_TESTING_CONFORMANCE_MESSAGES_H_
#define TIDELOG_WALIMPLS_TESTING_CONFORMANCE_MESSAGES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/types.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::walimpls {

// Makes the messages of one channel: numbered from 1 by the property "id", ticks increasing.
class MessageMaker {
 public:
  explicit MessageMaker(Term term) : term_(term) {}
  void set_term(Term term) { term_ = term; }

  // Stamped, for a Group.
  ImmutableMessage Insert(std::string_view payload = "payload");
  ImmutableMessage TimeTickMessage();
  Group InsertGroup(size_t count);
  // Of exactly `size` bytes, with `property_count` properties.
  ImmutableMessage InsertOfSize(size_t size, int property_count = 1);

 private:
  ImmutableMessage Finish(MutableMessage::Builder builder, std::string_view payload);

  Term term_;
  int next_number_ = 1;
  uint64_t next_tick_ = 1000;
};

// The property "id".
int NumberOf(const ImmutableMessage& message);
std::vector<int> NumbersOf(const std::vector<ImmutableMessage>& messages);
std::vector<MessageId> IdsOf(const std::vector<ImmutableMessage>& messages);
bool StrictlyIncreasing(const std::vector<MessageId>& ids);
// What `*batch` holds, but for fence barriers, is appended to `*messages`.
void TakeMessages(RawBatch* batch, std::vector<ImmutableMessage>* messages);
// `first`, `first` + 1, ..., `last`.
std::vector<int> Range(int first, int last);

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_TESTING_CONFORMANCE_MESSAGES_H_
