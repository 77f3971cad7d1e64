// RequiredProperty: refuses messages that lack a property.  An example of an interceptor, and
// useful: "every message names its tenant".
#ifndef TIDELOG_ADAPTOR_INTERCEPTORS_REQUIRED_PROPERTY_REQUIRED_PROPERTY_H_
#define TIDELOG_ADAPTOR_INTERCEPTORS_REQUIRED_PROPERTY_REQUIRED_PROPERTY_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "adaptor/interceptors/append_op.h"
#include "adaptor/interceptors/interceptor.h"

namespace tidelog::adaptor {

// An append with a message that has no property `key` ends with kInvalidArgument; a batch as a
// whole.
class RequiredProperty : public Interceptor {
 public:
  explicit RequiredProperty(std::string key) : key_(std::move(key)) {}

  std::string_view name() const override { return "required_property"; }
  Verdict Before(AppendOp& op) override;
  void After(const AppendOp&) override {}

 private:
  const std::string key_;
};

class RequiredPropertyBuilder : public InterceptorBuilder {
 public:
  explicit RequiredPropertyBuilder(std::string key) : key_(std::move(key)) {}
  std::unique_ptr<Interceptor> Build(const InterceptorContext& context) override;

 private:
  const std::string key_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_INTERCEPTORS_REQUIRED_PROPERTY_REQUIRED_PROPERTY_H_
