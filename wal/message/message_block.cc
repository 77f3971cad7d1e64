#include "wal/message/message_block.h"

#include <cstddef>
#include <cstring>
#include <new>
#include <string_view>

#include "wal/async/block_pool.h"

namespace tidelog {

MessageBlockRef MessageBlock::Make(size_t size) {
  return MessageBlockRef(new (PoolNew(sizeof(MessageBlock) + size)) MessageBlock(size));
}

MessageBlockRef MessageBlock::Copy(std::string_view bytes) {
  MessageBlockRef block = Make(bytes.size());
  if (!bytes.empty()) std::memcpy(block->bytes(), bytes.data(), bytes.size());
  return block;
}

size_t MessageBlock::memory_size() const { return PooledSize(sizeof(MessageBlock) + size_); }

void MessageBlock::Free(MessageBlock* block) {
  const size_t size = sizeof(MessageBlock) + block->size_;
  block->~MessageBlock();
  PoolDelete(block, size);
}

}  // namespace tidelog
