#include "adaptor/interceptors/append_op.h"

#include <string_view>

#include "absl/log/check.h"

namespace tidelog::adaptor {

AppendOp::Identity::Identity(const RecordView& record)
    : type(record.type()), vchannel(record.vchannel()) {
  // The log gives a begin without a lease its own: the context as a whole may change.
  if (record.flags() & kHasTxn) txn = record.txn()->id;
  const std::optional<std::string_view> key = record.idempotency_key();
  if (key) idempotency_key.emplace(*key);
}

void AppendOp::NoteIdentity(Slot& slot) {
  slot.began_as = std::make_unique<const Identity>(slot.open->view());
  may_have_changed_ = true;
}

void AppendOp::CheckEachIdentity(const PChannel& channel) const {
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].began_as == nullptr) continue;
    CHECK(*slots_[i].began_as == Identity(record(i)))
        << ToString(channel) << ": an interceptor has changed the type, VChannel, transaction or "
        << "idempotency key of a message: " << MessageTypeName(slots_[i].began_as->type);
  }
}

}  // namespace tidelog::adaptor
