// What a page is made of besides its data; embedded by embed.cmake.
#pragma once

#include <string_view>

namespace leasehold::reports::assets {

/// False: the build could not have the plotting library, and all texts are empty.
extern const bool kPresent;
extern const std::string_view kStyle;         ///< of all pages
extern const std::string_view kChartStyle;    ///< uPlot's
extern const std::string_view kChartScript;   ///< uPlot
extern const std::string_view kChartLicence;  ///< uPlot's licence text
extern const std::string_view kRunBody;
extern const std::string_view kRunScript;
extern const std::string_view kCheckBody;
extern const std::string_view kCheckScript;
extern const std::string_view kCampaignBody;
extern const std::string_view kCampaignScript;

}  // namespace leasehold::reports::assets
