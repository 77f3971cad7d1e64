#include "adaptor/prometheus/prometheus_exporter.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/metrics.h"
#include "wal/status.h"

namespace tidelog {
namespace {

using testing::HasSubstr;
using testing::Not;

class Source : public MetricSource {
 public:
  void Collect(std::vector<Metric>* metrics) const override {
    metrics->push_back({"tidelog_a_total",
                        "So many.",
                        Metric::Type::kCounter,
                        {{"channel", "orders"}, {"status", "done"}},
                        3,
                        {}});
    metrics->push_back({"tidelog_a_total",
                        "So many.",
                        Metric::Type::kCounter,
                        {{"channel", "orders"}, {"status", "unknown"}},
                        1,
                        {}});
    metrics->push_back({"tidelog_b", "As it is.", Metric::Type::kGauge, {}, 2.5, {}});
    metrics->push_back({"tidelog_c_seconds",
                        "So long.",
                        Metric::Type::kHistogram,
                        {},
                        0,
                        {{0.1, 1}, {4, 2, 1}, 7.5}});
  }
};

// What a plain GET of /metrics there yields.
std::string Fetch(int port) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    close(connection);
    return "nobody listens";
  }
  const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
  EXPECT_EQ(write(connection, request.data(), request.size()),
            static_cast<ssize_t>(request.size()));
  std::string text;
  char piece[4096];
  for (ssize_t got = 1; got > 0;) {
    got = read(connection, piece, sizeof(piece));
    if (got > 0) text.append(piece, static_cast<size_t>(got));
  }
  close(connection);
  return text;
}

TEST(PrometheusTextTest, NamesEachFamilyOnceAndAllItsSeries) {
  MetricRegistry metrics;
  metrics.Add(std::make_shared<Source>());
  const std::string text = PrometheusText(metrics);
  EXPECT_THAT(text, HasSubstr("# HELP tidelog_a_total So many.\n"
                              "# TYPE tidelog_a_total counter\n"
                              "tidelog_a_total{channel=\"orders\",status=\"done\"} 3\n"
                              "tidelog_a_total{channel=\"orders\",status=\"unknown\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE tidelog_b gauge\ntidelog_b 2.5\n"));
}

// Of Prometheus each bucket includes those below it.
TEST(PrometheusTextTest, AddsUpBuckets) {
  MetricRegistry metrics;
  metrics.Add(std::make_shared<Source>());
  const std::string text = PrometheusText(metrics);
  EXPECT_THAT(text, HasSubstr("tidelog_c_seconds_count 7\ntidelog_c_seconds_sum 7.5\n"));
  EXPECT_THAT(text, HasSubstr("tidelog_c_seconds_bucket{le=\"0.1\"} 4\n"
                              "tidelog_c_seconds_bucket{le=\"1\"} 6\n"
                              "tidelog_c_seconds_bucket{le=\"+Inf\"} 7\n"));
}

TEST(PrometheusExporterTest, ServesWhatThereIsAtTheMoment) {
  MetricRegistry metrics;
  const auto source = std::make_shared<Source>();
  absl::StatusOr<std::unique_ptr<PrometheusExporter>> exporter =
      PrometheusExporter::Serve(&metrics, "127.0.0.1:0");
  ASSERT_TRUE(exporter.ok()) << exporter.status();
  const int port = (*exporter)->port();
  EXPECT_THAT(Fetch(port), Not(HasSubstr("tidelog_b")));
  metrics.Add(source);
  EXPECT_THAT(Fetch(port), HasSubstr("tidelog_b 2.5\n"));
  metrics.Remove(source.get());
  EXPECT_THAT(Fetch(port), Not(HasSubstr("tidelog_b")));
  exporter->reset();
  EXPECT_EQ(Fetch(port), "nobody listens");
}

TEST(PrometheusExporterTest, SaysWhereNobodyCanListen) {
  MetricRegistry metrics;
  absl::StatusOr<std::unique_ptr<PrometheusExporter>> first =
      PrometheusExporter::Serve(&metrics, "127.0.0.1:0");
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string taken = absl::StrCat("127.0.0.1:", (*first)->port());
  for (const std::string& address : {taken, std::string("nowhere:at:all")}) {
    const auto second = PrometheusExporter::Serve(&metrics, address);
    EXPECT_EQ(GetWalErrorCode(second.status()), WalErrorCode::kInvalidArgument) << address;
    EXPECT_THAT(second.status().message(), HasSubstr(address));
  }
}

}  // namespace
}  // namespace tidelog
