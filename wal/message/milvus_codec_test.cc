// Goal: messages that Milvus wrote are read, and what is written Milvus reads.  Method: the
// messages in testdata/milvus_messages.json were encoded by Milvus 2.6.7; each is decoded, compared
// with what Milvus itself decodes, and encoded again, byte for byte.
#include "wal/message/milvus_codec.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "wal/base/number_text.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_stamper.h"
#include "wal/message/testing/messages.h"
#include "wal/proto/milvus.pb.h"
#include "wal/status.h"

namespace tidelog {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;
using Map = std::map<std::string, std::string>;

constexpr MessageId::Origin kLog{LogKind::kKafka, 0xabc, 1};
// Milvus's "rs", the id that the first of its messages had.
const MessageId kId = MessageId::FromNumber(kLog, 1000);

absl::StatusOr<ImmutableMessage> Decode(std::string_view payload, const Map& properties) {
  std::vector<PropertyView> views;
  for (auto at = properties.rbegin(); at != properties.rend(); ++at) {
    views.push_back({at->first, at->second});
  }
  return DecodeMilvus(payload, views, kId);
}

Map PropertiesOf(const MilvusMessage& message) {
  Map properties;
  std::string previous;
  for (const auto& [key, value] : message.properties) {
    EXPECT_LT(previous, key);
    properties.emplace(key, value);
    previous = key;
  }
  return properties;
}

Json MessagesOfMilvus() {
  std::ifstream file("wal/message/testdata/milvus_messages.json");
  Json messages = Json::parse(file);
  CHECK_EQ(messages.size(), 16u);
  return messages;
}

class MilvusMessageTest : public ::testing::TestWithParam<Json> {
 protected:
  std::string payload() const {
    std::string bytes;
    CHECK(absl::Base64Unescape(GetParam()["payload_base64"].get<std::string>(), &bytes));
    return bytes;
  }
  Map properties() const { return GetParam()["properties"].get<Map>(); }
  const Json& expected() const { return expected_; }
  std::string Text(const char* field) const { return expected_[field].get<std::string>(); }
  uint64_t Number(const char* field) const {
    uint64_t number = 0;
    CHECK(absl::SimpleAtoi(Text(field), &number)) << field;
    return number;
  }
  template <class Header>
  Header HeaderOf(const ImmutableMessage& message, std::string_view key) const {
    std::string bytes;
    Header header;
    CHECK(absl::Base64Unescape(message.Property(key).value(), &bytes));
    CHECK(header.ParseFromString(bytes));
    return header;
  }

  const Json expected_ = GetParam()["decoded"];
};

INSTANTIATE_TEST_SUITE_P(Milvus267, MilvusMessageTest, ::testing::ValuesIn(MessagesOfMilvus()),
                         [](const auto& info) {
                           return info.param["name"].template get<std::string>();
                         });

TEST_P(MilvusMessageTest, DecodesToWhatMilvusDecodes) {
  const ImmutableMessage message = Decode(payload(), properties()).value();
  EXPECT_EQ(message.id(), kId);
  EXPECT_EQ(message.payload(), payload());
  EXPECT_EQ(message.vchannel(), Text("vchannel"));
  EXPECT_EQ(ToInt(message.type()), expected()["message_type"].get<int>());
  EXPECT_EQ(MessageTypeName(message.type()), Text("message_type_name"));
  EXPECT_EQ(message.record().version(), Number("version"));
  EXPECT_EQ(ToInt(message.time_tick()), Number("time_tick"));
  EXPECT_EQ(ToInt(message.record().barrier_time_tick().value_or(TimeTick{0})),
            Number("barrier_time_tick"));
  EXPECT_EQ((message.record().flags() & kNotPersisted) == 0, expected()["persisted"].get<bool>());
  EXPECT_EQ(FormatNumber(message.last_confirmed().ToNumber().value(), 36), Text("last_confirmed"));
  EXPECT_EQ(message.last_confirmed().origin(), kLog);
  EXPECT_EQ(FormatNumber(ToInt(message.term()), 36), properties().at("_wt"));
}

TEST_P(MilvusMessageTest, DecodesTheTransaction) {
  const ImmutableMessage message = Decode(payload(), properties()).value();
  ASSERT_EQ(message.record().txn().has_value(), expected().contains("txn_id"));
  if (!expected().contains("txn_id")) return;
  const int64_t keepalive_ms = expected()["txn_keepalive_ms"].get<int64_t>();
  EXPECT_EQ(ToInt(message.record().txn()->id), Number("txn_id"));
  EXPECT_EQ(message.record().txn()->keepalive,
            keepalive_ms == -1000 ? absl::InfiniteDuration() : absl::Milliseconds(keepalive_ms));
}

TEST_P(MilvusMessageTest, KeepsTheHeadersThatTheLogDoesNotRead) {
  const ImmutableMessage message = Decode(payload(), properties()).value();
  for (const auto& [key, value] : properties()) {
    if (IsReservedProperty(key)) continue;
    EXPECT_EQ(message.Property(key), value);
  }
  if (expected().contains("broadcast_id")) {
    const auto header = HeaderOf<proto::MilvusBroadcastHeader>(message, "_bh");
    EXPECT_EQ(header.broadcast_id(), Number("broadcast_id"));
  }
  if (expected().contains("replicate")) {
    const auto header = HeaderOf<proto::MilvusReplicateHeader>(message, "_rh");
    const Json& source = expected()["replicate"];
    EXPECT_EQ(header.cluster_id(), source["cluster_id"].get<std::string>());
    EXPECT_EQ(header.message_id().id(), source["message_id"].get<std::string>());
    EXPECT_EQ(header.last_confirmed_message_id().id(), source["last_confirmed"].get<std::string>());
    EXPECT_EQ(std::to_string(header.time_tick()), source["time_tick"].get<std::string>());
    EXPECT_EQ(header.vchannel(), source["vchannel"].get<std::string>());
  }
}

TEST_P(MilvusMessageTest, EncodesToTheSameBytes) {
  const ImmutableMessage message = Decode(payload(), properties()).value();
  const MilvusMessage encoded = EncodeMilvus(message.record());
  EXPECT_EQ(encoded.payload, payload());
  EXPECT_EQ(PropertiesOf(encoded), properties());
  EXPECT_EQ(MilvusEstimateSize(encoded), expected()["estimate_size"].get<size_t>());
}

// What every message of the present version has.
Map Minimal() {
  return {{"_h", ""}, {"_lcs", ""}, {"_t", "2"}, {"_tt", "a"}, {"_v", "1"}, {"_wt", "1"}};
}
Map MinimalWith(const std::string& key, const std::string& value) {
  Map properties = Minimal();
  properties[key] = value;
  return properties;
}
Map ReEncoded(const Map& properties) {
  const absl::StatusOr<ImmutableMessage> message = Decode("", properties);
  CHECK(message.ok()) << message.status();
  return PropertiesOf(EncodeMilvus(message->record()));
}

TEST(MilvusCodec, UnknownReservedKeysAreKept) {
  for (const char* key : {"_ch", "_pcl", "_ur", "_tc", "_puc", "_ik", "_of_a_newer_version"}) {
    const Map properties = MinimalWith(key, "any \xff bytes");
    EXPECT_EQ(Decode("", properties).value().Property(key), "any \xff bytes");
    EXPECT_EQ(ReEncoded(properties), properties);
  }
}

TEST(MilvusCodec, ChunksAreDecimal) {
  Map properties = MinimalWith("_ci", "35");
  properties["_ct"] = "36";
  EXPECT_EQ(Decode("", properties).value().record().chunk(), (Chunk{35, 36}));
  EXPECT_EQ(ReEncoded(properties), properties);
}

TEST(MilvusCodec, TheExtremesRoundTrip) {
  const std::vector<std::pair<std::string, std::string>> kExtremes = {
      {"_tt", "3w5e11264sgsf"},  {"_btt", "0"},
      {"_btt", "3w5e11264sgsf"}, {"_wt", "1y2p0ij32e8e7"},
      {"_wt", "-1y2p0ij32e8e8"}, {"_t", "2147483647"},
      {"_t", "-2147483648"},     {"_v", "65535"},
      {"_tb", "4294967295"},     {"_rs", ""},
      {"_rs", "1y2p0ij32e8e7"}};
  for (const auto& [key, value] : kExtremes) {
    EXPECT_EQ(ReEncoded(MinimalWith(key, value)), MinimalWith(key, value)) << key << "=" << value;
  }
}

TEST(MilvusCodec, OldMessagesKeepWhatTheyHave) {
  for (const Map& properties :
       {Map{}, Map{{"user", "1"}}, Map{{"_v", "0"}}, Map{{"_h", ""}, {"_v", "0"}},
        Map{{"_t", "2"}, {"_tt", "a"}, {"_vc", "v1"}, {"_wt", "3"}}, Map{{"_lc", "5"}}}) {
    EXPECT_EQ(Decode("old", properties).value().record().version(), 0);
    EXPECT_EQ(ReEncoded(properties), properties);
  }
}

TEST(MilvusCodec, AHeaderThatMilvusWantsIsWritten) {
  Map properties = Minimal();
  properties.erase("_h");
  EXPECT_EQ(Decode("", properties).value().record().property_count(), 0u);
  EXPECT_EQ(ReEncoded(properties), Minimal());
}

TEST(MilvusCodec, TheLogsOwnFieldsHaveKeysThatMilvusIgnores) {
  MutableMessage tick = MessageFactory::StoredTimeTick();
  const MessageId start = MessageId::FromNumber(kLog, 46655);
  MessageStamper::SetReplayStart(tick, &start);
  MessageStamper::Stamp(tick, Term{36}, TimeTick{37}, &start);
  EXPECT_EQ(PropertiesOf(EncodeMilvus(tick.view())), (Map{{"_h", ""},
                                                          {"_lc", "zzz"},
                                                          {"_rs", "zzz"},
                                                          {"_t", "1"},
                                                          {"_tt", "11"},
                                                          {"_v", "1"},
                                                          {"_wt", "10"}}));

  const TxnContext txn{TimeTick{449684612000200}, absl::Seconds(10)};
  const ImmutableMessage commit =
      testing::Stamped(testing::MakeCommit("v1", txn, 3), Term{1}, TimeTick{5});
  EXPECT_EQ(PropertiesOf(EncodeMilvus(commit.record())), (Map{{"_h", ""},
                                                              {"_lcs", ""},
                                                              {"_t", "901"},
                                                              {"_tb", "3"},
                                                              {"_tt", "5"},
                                                              {"_tx", "CMjTvNzFn2YQkE4="},
                                                              {"_v", "2"},
                                                              {"_vc", "v1"},
                                                              {"_wt", "1"}}));

  const MutableMessage mark = MessageFactory::CloseMark(Term{1}, std::nullopt, "w");
  EXPECT_EQ(PropertiesOf(EncodeMilvus(mark.view())), (Map{{"_fb", ""},
                                                          {"_fc", ""},
                                                          {"_fw", "w"},
                                                          {"_h", ""},
                                                          {"_lcs", ""},
                                                          {"_t", "1"},
                                                          {"_tt", "0"},
                                                          {"_v", "1"},
                                                          {"_wt", "1"}}));
}

TEST(MilvusCodec, AKeyThatIsNoNumberIsHexadecimal) {
  for (const std::string& key : {std::string("12345678901234567890"), std::string("\xff", 1),
                                 std::string("\xff\0\0\0\0\0\0\0", 8)}) {
    MutableMessage message = testing::MakeInsert("x");
    const MessageId last_confirmed(kLog, key);
    MessageStamper::Stamp(message, Term{1}, TimeTick{1}, &last_confirmed);
    const Map properties = PropertiesOf(EncodeMilvus(message.view()));
    EXPECT_EQ(properties.at("_lc"), "~" + absl::BytesToHexString(key));
    EXPECT_EQ(Decode("x", properties).value().last_confirmed(), last_confirmed);
  }
}

TEST(MilvusCodec, TheSizeOfAnEncryptedMessageIsThatBeforeEncryption) {
  proto::MilvusCipherHeader header;
  header.set_payload_bytes(1000);
  const std::string text = absl::Base64Escape(header.SerializeAsString());
  const size_t others = MilvusEstimateSize({"", {{"k", "v"}}});
  EXPECT_EQ(others, 2u);
  EXPECT_EQ(MilvusEstimateSize({"cipher", {{"_ch", text}, {"k", "v"}}}),
            1000 + 3 + text.size() + 2);
  EXPECT_EQ(MilvusEstimateSize({"cipher", {{"_ch", "!"}}}), 6u + 4);
}

// What Decode() says about a message with one property wrong.
std::string ComplaintAbout(const Map& properties) {
  const absl::Status status = Decode("", properties).status();
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kCorrupt);
  EXPECT_THAT(std::string(status.message()), HasSubstr("decode kafka.00000abc.1.1000"));
  return std::string(status.message());
}

TEST(MilvusCodec, AMalformedValueIsRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> kMalformed = {{"_v", ""},
                                                                       {"_v", "one"},
                                                                       {"_v", "-1"},
                                                                       {"_v", "65536"},
                                                                       {"_v", "01"},
                                                                       {"_t", ""},
                                                                       {"_t", "2 "},
                                                                       {"_t", "a"},
                                                                       {"_t", "2147483648"},
                                                                       {"_tt", ""},
                                                                       {"_tt", "-1"},
                                                                       {"_tt", "A"},
                                                                       {"_tt", "3w5e11264sgsg"},
                                                                       {"_wt", ""},
                                                                       {"_wt", "+1"},
                                                                       {"_wt", "1y2p0ij32e8e8"},
                                                                       {"_btt", ""},
                                                                       {"_btt", "_"},
                                                                       {"_tb", ""},
                                                                       {"_tb", "-1"},
                                                                       {"_tb", "4294967296"},
                                                                       {"_rs", "-1"},
                                                                       {"_rs", "~"},
                                                                       {"_tx", "!"},
                                                                       {"_tx", "CMjT"},
                                                                       {"_tx", "CMjTvNzFn2YQkE4"},
                                                                       {"_tx", " CMjTvNzFn2YQkE4="},
                                                                       {"_lcs", "1"},
                                                                       {"_np", "true"},
                                                                       {"_fb", "x"},
                                                                       {"_ci", "a"},
                                                                       {"_ct", ""}};
  for (const auto& [key, value] : kMalformed) {
    EXPECT_THAT(ComplaintAbout(MinimalWith(key, value)),
                HasSubstr("property \"" + key + "\" is malformed: \"" + value + "\""))
        << value;
  }
}

TEST(MilvusCodec, AMalformedLastConfirmedIsRefused) {
  for (const char* value : {"", "-2", "ZZ", "1y2p0ij32e8e8", "~", "~1", "~AB",
                            "~\xa3"
                            "a",
                            "~0000000000000001", "~000102030405060708090a0b0c0d0e0f1011121314"}) {
    Map properties = MinimalWith("_lc", value);
    properties.erase("_lcs");
    EXPECT_THAT(ComplaintAbout(properties), HasSubstr("property \"_lc\" is malformed")) << value;
  }
}

TEST(MilvusCodec, MissingAndContradictingPropertiesAreRefusedByName) {
  for (const char* key : {"_t", "_tt", "_wt"}) {
    Map properties = Minimal();
    properties.erase(key);
    EXPECT_THAT(ComplaintAbout(properties),
                HasSubstr(std::string("property \"") + key + "\" is missing"));
  }
  Map properties = Minimal();
  properties.erase("_lcs");
  EXPECT_THAT(ComplaintAbout(properties), HasSubstr("property \"_lc\" is missing"));
  EXPECT_THAT(ComplaintAbout(MinimalWith("_lc", "1")), HasSubstr("\"_lc\" contradicts \"_lcs\""));
  EXPECT_THAT(ComplaintAbout(MinimalWith("_t", "999")), HasSubstr("\"_t\" is Txn"));
  EXPECT_THAT(ComplaintAbout(MinimalWith("_ci", "0")), HasSubstr("\"_ct\" is missing"));
  EXPECT_THAT(ComplaintAbout(MinimalWith("_ct", "2")), HasSubstr("\"_ci\" is missing"));
  properties = MinimalWith("_ci", "0");
  properties["_ct"] = "1";
  EXPECT_THAT(ComplaintAbout(properties), HasSubstr("\"_ct\" is 1"));
  properties["_ci"] = properties["_ct"] = "2";
  EXPECT_THAT(ComplaintAbout(properties), HasSubstr("\"_ci\" is 2 of 2"));
}

TEST(MilvusCodec, KeysThatDoNotFitARecordAreRefused) {
  EXPECT_THAT(ComplaintAbout(MinimalWith("", "x")), HasSubstr("has no key"));
  EXPECT_THAT(ComplaintAbout(MinimalWith(std::string(65536, 'k'), "")), HasSubstr("is too large"));
  EXPECT_THAT(ComplaintAbout(MinimalWith("_vc", std::string(65536, 'v'))),
              HasSubstr("\"_vc\" is too large"));
  EXPECT_THAT(ComplaintAbout(MinimalWith("k", std::string(kPropertiesSizeMax, 'v'))),
              HasSubstr("is too large"));
  const std::vector<PropertyView> twice = {{"_t", "2"}, {"_tt", "1"}, {"_t", "2"}};
  const absl::Status status = DecodeMilvus("", twice, kId).status();
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kCorrupt);
  EXPECT_THAT(std::string(status.message()), HasSubstr("property \"_t\" is there twice"));
}

}  // namespace
}  // namespace tidelog
