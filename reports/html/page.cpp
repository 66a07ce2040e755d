#include "reports/html/page.hpp"

#include <cstdint>
#include <memory>
#include <vector>

#include <libdeflate.h>

#include "model/base/check.hpp"
#include "reports/html/assets.hpp"

namespace leasehold::reports {
namespace {

// Nothing may be loaded from anywhere, whatever a text in the data would like.
constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'";

std::string gzipped(const std::string& text) {
    constexpr int kLevel = 6;
    const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
        libdeflate_alloc_compressor(kLevel), libdeflate_free_compressor);
    CHECK_MSG(compressor != nullptr, "no memory for a page");
    std::string packed(libdeflate_gzip_compress_bound(compressor.get(), text.size()), '\0');
    const std::size_t size = libdeflate_gzip_compress(compressor.get(), text.data(), text.size(),
                                                      packed.data(), packed.size());
    CHECK_MSG(size > 0, "the bound of a page's size");
    packed.resize(size);
    return packed;
}

std::string base64(std::string_view bytes) {
    static constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4 + bytes.size() / 57);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group =
                group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            text += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
        if (i % 57 == 54) text += '\n';  // lines, for editors
    }
    return text;
}

std::string escaped(std::string_view text) {
    std::string html;
    for (const char c : text) {
        if (c == '&')
            html += "&amp;";
        else if (c == '<')
            html += "&lt;";
        else if (c == '>')
            html += "&gt;";
        else
            html += c;
    }
    return html;
}

}  // namespace

bool pages_available() {
    return assets::kPresent;
}

std::string page_around(PageKind kind, std::string_view title, const Json& data) {
    CHECK(pages_available());
    struct Part {
        std::string_view name, body, script;
    };
    const Part part = kind == PageKind::run ? Part{"run", assets::kRunBody, assets::kRunScript}
                      : kind == PageKind::check
                          ? Part{"check", assets::kCheckBody, assets::kCheckScript}
                          : Part{"campaign", assets::kCampaignBody, assets::kCampaignScript};
    std::string page = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
    const auto put = [&page](std::string_view before, std::string_view text,
                             std::string_view after) {
        page.append(before).append(text).append(after).append("\n");
    };
    put("<!-- Made by leasehold. It embeds uPlot, which is:\n", assets::kChartLicence, "-->");
    put("<meta http-equiv=\"Content-Security-Policy\" content=\"", kPolicy, "\">");
    put("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
        escaped(title), "</title>");
    put("<style>\n", assets::kChartStyle, "</style>");
    put("<style>\n", assets::kStyle, "</style>\n</head>");
    put("<body data-page=\"" + std::string(part.name) + "\">\n", part.body, "");
    const std::string text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
    put("<script type=\"text/plain\" id=\"data\">\n", base64(gzipped(text)), "</script>");
    put("<script>\n", assets::kChartScript, "</script>");
    put("<script>\n\"use strict\";\n(() => {\n", part.script, "})();\n</script>\n</body>\n</html>");
    return page;
}

}  // namespace leasehold::reports
