// MessageBlock: reference-counted bytes under messages: one record, or what a reader read
// ahead, with many.
#ifndef TIDELOG_WAL_MESSAGE_MESSAGE_BLOCK_H_
#define TIDELOG_WAL_MESSAGE_MESSAGE_BLOCK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace tidelog {

class MessageBlockRef;

// The bytes follow the object, 16-byte aligned.  Small blocks come from the block pool.
class alignas(16) MessageBlock {
 public:
  // A block of `size` bytes, not initialised, with one reference.
  static MessageBlockRef Make(size_t size);
  // A block that holds a copy of `bytes`.
  static MessageBlockRef Copy(std::string_view bytes);

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  size_t size() const { return size_; }
  // What it occupies, this object and what the pool rounds up included.
  size_t memory_size() const;

 private:
  friend class MessageBlockRef;
  explicit MessageBlock(size_t size) : size_(size) {}
  static void Free(MessageBlock* block);

  std::atomic<uint32_t> references_{1};
  size_t size_;
};
static_assert(sizeof(MessageBlock) == 16);

// A counted reference; null after a move.  Safe to copy and drop from any thread.
class MessageBlockRef {
 public:
  MessageBlockRef() = default;
  MessageBlockRef(const MessageBlockRef& other) : block_(other.block_) {
    if (block_ != nullptr) block_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  MessageBlockRef(MessageBlockRef&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)) {}
  MessageBlockRef& operator=(MessageBlockRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~MessageBlockRef() {
    if (block_ == nullptr) return;
    // The only reference needs no atomic subtraction: nobody else can be copying it.
    if (block_->references_.load(std::memory_order_acquire) == 1 ||
        block_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      MessageBlock::Free(block_);
    }
  }

  MessageBlock* operator->() const { return block_; }
  MessageBlock* get() const { return block_; }
  explicit operator bool() const { return block_ != nullptr; }
  // Whether nobody else refers to the block.  Requires: not null.
  bool unique() const { return block_->references_.load(std::memory_order_acquire) == 1; }

 private:
  friend class MessageBlock;
  explicit MessageBlockRef(MessageBlock* block) : block_(block) {}
  MessageBlock* block_ = nullptr;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_MESSAGE_MESSAGE_BLOCK_H_
