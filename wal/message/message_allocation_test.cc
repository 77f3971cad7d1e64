// Goal: building a message allocates its block and nothing else.  Method: count what operator new
// is asked for, once the pool has a block of that size.  (Under sanitizers the pool is off, and
// operator new theirs.)
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "wal/async/block_pool.h"
#include "wal/message/message.h"
#include "wal/message/message_stamper.h"

#ifndef TIDELOG_SANITIZE

namespace {
size_t allocations = 0;
}  // namespace

void* operator new(size_t size) {
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }

namespace tidelog {
namespace {

void BuildAndDrop(const std::string& payload) {
  MutableMessage::Builder builder(MessageType::kInsert);
  builder.VChannel("by-dev-rootcoord-dml_3_449684612v1").Property("shop", "7");
  builder.Property("trace", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  builder.IdempotencyKey("0123456789abcdef");
  MutableMessage message = std::move(builder).Build(payload).value();
  MessageStamper::Stamp(message, Term{1}, TimeTick{2}, nullptr);
  const ImmutableMessage sealed = MessageStamper::Seal(std::move(message));
  const ImmutableMessage shared = sealed.WithTimeTick(TimeTick{3});
  EXPECT_EQ(shared.payload().size(), payload.size());
}

size_t AllocationsOfAHundred(size_t payload_bytes) {
  const std::string payload(payload_bytes, 'p');
  BuildAndDrop(payload);
  allocations = 0;
  for (int i = 0; i < 100; ++i) BuildAndDrop(payload);
  return allocations;
}

TEST(MessageAllocation, AMessageComesFromThePool) {
  EXPECT_EQ(AllocationsOfAHundred(1 << 10), 0u);
  EXPECT_EQ(AllocationsOfAHundred(64 << 10), 0u);
  EXPECT_EQ(AllocationsOfAHundred(1 << 20), 0u);
}

TEST(MessageAllocation, AMessageThatThePoolDoesNotKeepIsOneAllocation) {
  EXPECT_EQ(AllocationsOfAHundred(kLargeBlockSizeMax), 100u);
}

}  // namespace
}  // namespace tidelog

#endif  // TIDELOG_SANITIZE
