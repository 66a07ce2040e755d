#include <gtest/gtest.h>

#include "reports/junit.hpp"
#include "tests/unit/reports_samples.hpp"

namespace leasehold::reports {
namespace {

TEST(Junit, EscapesMarkupAndReplacesWhatXmlCannotHold) {
    EXPECT_EQ(xml_escaped("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
    EXPECT_EQ(xml_escaped("two\nlines"), "two&#10;lines");
    EXPECT_EQ(xml_escaped(std::string("\x01\0", 2)), "\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_EQ(xml_escaped("\xff\xc3\xa9"), "\xef\xbf\xbd\xc3\xa9");
    EXPECT_EQ(xml_escaped("\xef\xbf\xbf\xed\xa0\x80"),
              "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Junit, CountsFailuresAndErrorsApart) {
    ScenarioSummary summary;
    summary.name = "a \"quoted\" name";
    summary.runs = {samples::result(), samples::violated(), samples::result()};
    summary.runs[2].outcome = check::Outcome::internal;
    summary.runs[2].internal_error = "x < y";
    summarise(summary, {std::chrono::seconds(1), std::nullopt, std::nullopt});
    const std::string text = junit_report({summary});
    EXPECT_NE(text.find("<testsuite name=\"a &quot;quoted&quot; name\" tests=\"8\" failures=\"3\" "
                        "errors=\"1\" skipped=\"2\" time=\"540.000\""),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("<failure type=\"safety\" message=\"FAIL  safety: leader.at-most-one\">"),
              std::string::npos)
        << text;
    EXPECT_NE(
        text.find("name=\"leader.at-most-one\" time=\"0.000\">\n      <failure type=\"safety\" "
                  "message=\"1 of 3 runs, such as seed 7: replica-0 and replica-1"),
        std::string::npos)
        << text;
    EXPECT_NE(text.find("name=\"leader.eventually-one\" time=\"0.000\"/>"), std::string::npos)
        << text;
    EXPECT_NE(
        text.find("name=\"stop.bounded\" time=\"0.000\">\n      <skipped message=\"no replica "
                  "was told to stop\"/>"),
        std::string::npos)
        << text;
    EXPECT_NE(text.find("<error type=\"internal\""), std::string::npos);
    EXPECT_NE(text.find("x &lt; y"), std::string::npos);
    EXPECT_NE(text.find("<failure type=\"liveness\" message=\"failover P50 at most 1.000s: "
                        "14.307s of 3\"/>"),
              std::string::npos)
        << text;
}

TEST(Junit, AnInvariantThatAScenarioExpectsOrAllowsToBreakPasses) {
    for (const char* word : {"violates", "may violate"}) {
        ScenarioSummary summary;
        summary.runs = {samples::violated()};
        summary.runs[0].outcome = check::Outcome::pass;
        summary.runs[0].expectations.push_back(
            {word + std::string(" leader.at-most-one"), true, ""});
        summarise(summary, {});
        const std::string text = junit_report({summary});
        EXPECT_NE(text.find("name=\"leader.at-most-one\" time=\"0.000\"/>"), std::string::npos)
            << text;
        EXPECT_NE(text.find("failures=\"0\""), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace leasehold::reports
