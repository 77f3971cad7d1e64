#include "adaptor/interceptors/required_property/required_property.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::adaptor {

Verdict RequiredProperty::Before(AppendOp& op) {
  for (size_t i = 0; i < op.count(); ++i) {
    if (op.record(i).Property(key_)) continue;
    return Verdict::Stop(WalError(
        WalErrorCode::kInvalidArgument,
        absl::StrCat("append message ", i + 1, " of ", op.count(), ": it has no property \"",
                     absl::CHexEscape(key_), "\", which every message of this log must have")));
  }
  return Verdict::Go();
}

std::unique_ptr<Interceptor> RequiredPropertyBuilder::Build(const InterceptorContext&) {
  return std::make_unique<RequiredProperty>(key_);
}

}  // namespace tidelog::adaptor
