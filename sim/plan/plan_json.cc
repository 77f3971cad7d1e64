#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "sim/plan/fields.h"
#include "sim/plan/names.h"
#include "sim/plan/plan.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

using Json = nlohmann::ordered_json;
using Knobs = absl::btree_map<std::string, std::string>;

template <class T>
concept Enum = std::is_enum_v<T>;
template <class T>
concept Number = std::integral<T> && !std::same_as<T, bool>;

class Writer {
 public:
  explicit Writer(Json* json) : json_(*json) { json_ = Json::object(); }

  template <class T>
  void operator()(std::string_view name, const T& field) {
    json_[std::string(name)] = ToValue(field);
  }

 private:
  template <Enum T>
  static Json ToValue(T value) {
    return std::string(NamesOf(value)[static_cast<size_t>(value)]);
  }
  template <Number T>
  static Json ToValue(T value) {
    return value;
  }
  static Json ToValue(bool value) { return value; }
  static Json ToValue(const Knobs& knobs) {
    Json value = Json::object();
    for (const auto& [key, setting] : knobs) value[key] = setting;
    return value;
  }
  template <class T>
  static Json ToValue(const std::vector<T>& values) {
    Json array = Json::array();
    for (const T& value : values) array.push_back(ToValue(value));
    return array;
  }
  template <class T>
  requires std::is_class_v<T>
  static Json ToValue(const T& value) {
    Json object;
    Writer writer(&object);
    T copy = value;  // Fields are named for both ways.
    VisitFields(writer, copy);
    return object;
  }

  Json& json_;
};

// Keeps the first thing that is wrong.
class Reader {
 public:
  Reader(const Json* json, std::string path, absl::Status* status)
      : json_(*json), path_(std::move(path)), status_(*status) {}

  template <class T>
  void operator()(std::string_view name, T& field) {
    if (!status_.ok()) return;
    const auto found = json_.find(std::string(name));
    if (found == json_.end()) return Refuse(name, "is missing");
    ++taken_;
    FromValue(*found, name, &field);
  }

  // To be called last.
  template <class T>
  void Read(T* object) {
    if (!json_.is_object()) return Refuse("", "is no object");
    VisitFields(*this, *object);
    if (!status_.ok() || taken_ == json_.size()) return;
    NameUnknown(object);
  }

 private:
  // Which names there are, for the error.
  struct Names {
    template <class T>
    void operator()(std::string_view name, const T&) {
      names.push_back(name);
    }
    std::vector<std::string_view> names;
  };

  template <class T>
  void NameUnknown(T* object) {
    Names known;
    VisitFields(known, *object);
    for (const auto& [key, value] : json_.items()) {
      bool is_known = false;
      for (const std::string_view name : known.names) is_known = is_known || name == key;
      if (!is_known) return Refuse(key, "is unknown");
    }
  }

  void Refuse(std::string_view name, std::string_view why) {
    if (!status_.ok()) return;
    status_ = WalError(WalErrorCode::kInvalidArgument,
                       absl::StrCat("read a plan: field ", Path(name), " ", why));
  }
  std::string Path(std::string_view name) const {
    if (path_.empty()) return std::string(name);
    return name.empty() ? path_ : absl::StrCat(path_, ".", name);
  }

  template <Enum T>
  void FromValue(const Json& value, std::string_view name, T* field) {
    if (!value.is_string()) return Refuse(name, "is no name");
    const std::string text = value.get<std::string>();
    const std::optional<T> found = FromName<T>(text);
    if (!found) return Refuse(name, absl::StrCat("has the unknown name ", text));
    *field = *found;
  }
  template <Number T>
  void FromValue(const Json& value, std::string_view name, T* field) {
    bool fits = false;
    if (value.is_number_unsigned()) {
      const uint64_t number = value.get<uint64_t>();
      fits = number <= static_cast<uint64_t>(std::numeric_limits<T>::max());
      *field = static_cast<T>(number);
    } else if (value.is_number_integer()) {  // Negative.
      const int64_t number = value.get<int64_t>();
      fits = std::is_signed_v<T> && number >= static_cast<int64_t>(std::numeric_limits<T>::min());
      *field = static_cast<T>(number);
    }
    if (!fits) Refuse(name, "is no number that fits");
  }
  void FromValue(const Json& value, std::string_view name, bool* field) {
    if (!value.is_boolean()) return Refuse(name, "is neither true nor false");
    *field = value.get<bool>();
  }
  void FromValue(const Json& value, std::string_view name, Knobs* field) {
    if (!value.is_object()) return Refuse(name, "is no object");
    field->clear();
    for (const auto& [key, setting] : value.items()) {
      if (!setting.is_string()) return Refuse(absl::StrCat(name, ".", key), "is no text");
      field->emplace(key, setting.template get<std::string>());
    }
  }
  template <class T>
  void FromValue(const Json& value, std::string_view name, std::vector<T>* field) {
    if (!value.is_array()) return Refuse(name, "is no array");
    field->clear();
    for (size_t i = 0; i < value.size() && status_.ok(); ++i) {
      field->emplace_back();
      FromValue(value[i], absl::StrCat(name, "[", i, "]"), &field->back());
    }
  }
  template <class T>
  requires std::is_class_v<T>
  void FromValue(const Json& value, std::string_view name, T* field) {
    Reader reader(&value, Path(name), &status_);
    reader.Read(field);
  }

  const Json& json_;
  const std::string path_;
  absl::Status& status_;
  size_t taken_ = 0;
};

// What no run could make sense of.
absl::Status CheckBounds(const Plan& plan) {
  const auto refuse = [](std::string_view what) {
    return WalError(WalErrorCode::kInvalidArgument, absl::StrCat("read a plan: ", what));
  };
  const SwarmConfig& config = plan.config;
  if (config.slots == 0 || config.slots > 16) return refuse("config.slots is not in 1 to 16");
  for (const Client& client : config.clients) {
    if (client.slot >= config.slots) return refuse("config.clients has a slot that is none");
  }
  if (config.horizon_ns < 0 || config.settle_ns < 0) return refuse("config has a negative time");
  if (config.tear_bytes != 512 && config.tear_bytes != 4096) {
    return refuse("config.tear_bytes is neither 512 nor 4096");
  }
  const auto is_bad = [](const Latencies& l) { return l.least_ns < 0 || l.most_ns < l.least_ns; };
  if (is_bad(config.disk_cached) || is_bad(config.disk_device) || is_bad(config.network)) {
    return refuse("config has latencies whose most is below their least");
  }
  return absl::OkStatus();
}

}  // namespace

nlohmann::ordered_json ToJson(const Plan& plan) {
  Json json;
  Writer writer(&json);
  Plan copy = plan;
  VisitFields(writer, copy);
  return json;
}

absl::StatusOr<Plan> PlanFromJson(const nlohmann::ordered_json& json) {
  Plan plan;
  absl::Status status;
  Reader(&json, "", &status).Read(&plan);
  if (status.ok()) status = CheckBounds(plan);
  if (!status.ok()) return status;
  return plan;
}

}  // namespace tidelog::sim
