// Targets: what is asked, and what is refused.
#include <string>

#include <gtest/gtest.h>

#include "agent/http/access.hpp"
#include "agent/http/route.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

int status_of(Method method, const std::string& target) {
    const auto asked = route(method, target);
    return asked ? 200 : asked.error().status;
}

TEST(AgentHttpRoute, EachRoute) {
    const auto is = [](Method method, const std::string& target, Route wanted) {
        const auto asked = route(method, target);
        return asked && asked->route == wanted;
    };
    EXPECT_TRUE(is(Method::get, "/healthz", Route::healthz));
    EXPECT_TRUE(is(Method::get, "/readyz", Route::readyz));
    EXPECT_TRUE(is(Method::get, "/metrics", Route::metrics));
    EXPECT_TRUE(is(Method::get, "/v1/status", Route::status));
    EXPECT_TRUE(is(Method::get, "/v1/backup", Route::index));
    EXPECT_TRUE(is(Method::get, "/v1/backup?prefix=", Route::index));
    EXPECT_TRUE(is(Method::get, "/v1/backup/a", Route::read_backup));
    EXPECT_TRUE(is(Method::put, "/v1/backup/a/b", Route::put_backup));
    EXPECT_TRUE(is(Method::remove, "/v1/backup/a", Route::delete_backup));
    EXPECT_TRUE(is(Method::get, "/v1/query/a", Route::query));
    EXPECT_TRUE(is(Method::head, "/v1/query/a", Route::query));
    EXPECT_TRUE(is(Method::get, "http://h:1/v1/status", Route::status));
    EXPECT_TRUE(is(Method::get, "HTTPS://h/healthz", Route::healthz));
    EXPECT_TRUE(route(Method::head, "/healthz")->head);
}

TEST(AgentHttpRoute, ParametersAreStrict) {
    const auto read = route(Method::get, "/v1/backup/k?known=%22a%2Fb%22&deadline=1m30s");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->known, "a/b") << "quotes of an ETag are not part of it";
    EXPECT_EQ(read->deadline, 90s);
    EXPECT_EQ(route(Method::get, "/v1/backup?prefix=etl%2Fa+b")->key, "etl/a b");
    for (const char* bad : {"/v1/backup/k?deadline=30", "/v1/backup/k?deadline=-1s",
                            "/v1/backup/k?deadline=", "/v1/backup/k?deadline=1s&deadline=2s",
                            "/v1/backup/k?known=a&known=b", "/v1/query/k?known=a", "/v1/query/k?x",
                            "/v1/status?x=1", "/v1/backup?deadline=1s", "/v1/backup/k?known=%zz",
                            "/v1/backup/k?known=%ff", "/v1/backup/k?known=%00"})
        EXPECT_EQ(status_of(Method::get, bad), 400) << bad;
    EXPECT_EQ(status_of(Method::put, "/v1/backup/k?deadline=1s"), 400);
}

TEST(AgentHttpRoute, KeysThatNameNoObject) {
    for (const char* bad : {"",
                            "/",
                            "a/",
                            "/a",
                            "a//b",
                            ".",
                            "..",
                            "a/../b",
                            "a/.",
                            "%2e%2e",
                            "a%2f%2e%2e",
                            "a%2f",
                            "%2Fa",
                            "a%00",
                            "%",
                            "%1",
                            "%g1",
                            "%c3",
                            "%c0%80",
                            "%ed%a0%80",
                            "%f4%90%80%80",
                            "%f8%88%80%80%80",
                            ".ha",
                            ".ha/epoch",
                            "%2eha/epoch",
                            "a#b",
                            "a b",
                            "a\x7f",
                            "\xc3\xa4"})
        EXPECT_EQ(status_of(Method::get, "/v1/query/"s + bad), 400) << bad;
    for (const char* good : {"a", ".a", "...", "a..b", "a/b/c", "%c3%a4", "%f0%9f%98%80", "a%20b",
                             "a+b", ".hat", "a/.ha/b", "%25"})
        EXPECT_EQ(status_of(Method::get, "/v1/query/"s + good), 200) << good;
    EXPECT_EQ(route(Method::get, "/v1/query/a+b%25")->key, "a+b%");
    EXPECT_EQ(status_of(Method::get, "/v1/query/" + std::string(1024, 'a')), 200);
    EXPECT_EQ(status_of(Method::get, "/v1/query/" + std::string(1025, 'a')), 400);
}

TEST(AgentHttpRoute, OtherPathsAndMethods) {
    for (const char* none :
         {"/", "/v1", "/v1/", "/v1/query", "/v1/backups", "/healthz/", "/HEALTHZ", "/v1/status/x"})
        EXPECT_EQ(status_of(Method::get, none), 404) << none;
    for (const char* bad : {"*", "", "healthz", "http://h?x", "ftp://h/healthz"})
        EXPECT_EQ(status_of(Method::get, bad), 400) << bad;
    EXPECT_EQ(route(Method::put, "/healthz").error().allow, "GET, HEAD");
    EXPECT_EQ(route(Method::other, "/v1/backup/a").error().allow, "GET, PUT, DELETE");
    EXPECT_EQ(status_of(Method::head, "/v1/backup/a"), 405);
    EXPECT_EQ(status_of(Method::put, "/v1/query/a"), 405);
    EXPECT_EQ(status_of(Method::remove, "/v1/backup"), 405);
}

TEST(AgentHttpRoute, LoopbackNames) {
    for (const char* ours : {"localhost", "LocalHost:9003", "127.0.0.1:1", "127.9.9.9", "[::1]:80",
                             "[::1]", "a.localhost"})
        EXPECT_TRUE(is_loopback_host(ours)) << ours;
    for (const char* foreign : {"", "example.org", "localhost.example.org", "10.0.0.1", "[::2]",
                                "[::1", "128.0.0.1", "notlocalhost"})
        EXPECT_FALSE(is_loopback_host(foreign)) << foreign;
}

}  // namespace
}  // namespace leasehold::agent
