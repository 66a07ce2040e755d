# Writes OUTPUT, a source file with the texts of assets.hpp: cmake -DOUTPUT=... -DPAGE=<page/>
# -DCHART=<uPlot's package, or empty> -P embed.cmake
string(CONCAT source "// Made by embed.cmake.\n#include \"reports/html/assets.hpp\"\n\n"
           "namespace leasehold::reports::assets {\n\n")

# embed(<constant> <file>...): the files one after the other, as one constant.
function(embed constant)
    set(text "")
    foreach(file IN LISTS ARGN)
        file(READ "${file}" content)
        if(content MATCHES "\\)leasehold_asset\"")
            message(FATAL_ERROR "${file} contains the end of a raw string")
        endif()
        string(APPEND text "${content}")
    endforeach()
    set(source "${source}const std::string_view ${constant} = R\"leasehold_asset(${text})leasehold_asset\";\n"
        PARENT_SCOPE)
endfunction()

if(CHART)
    string(APPEND source "const bool kPresent = true;\n")
    embed(kStyle ${PAGE}/style.css)
    embed(kChartStyle ${CHART}/dist/uPlot.min.css)
    embed(kChartScript ${CHART}/dist/uPlot.iife.min.js)
    embed(kChartLicence ${CHART}/LICENSE)
    embed(kRunBody ${PAGE}/run.html)
    embed(kRunScript ${PAGE}/common.js ${PAGE}/run_model.js ${PAGE}/run_lanes.js
          ${PAGE}/run_input.js ${PAGE}/run_plots.js ${PAGE}/run_words.js ${PAGE}/run_main.js)
    embed(kCheckBody ${PAGE}/check.html ${PAGE}/many_end.html)
    embed(kCheckScript ${PAGE}/common.js ${PAGE}/check_plots.js ${PAGE}/matrix.js
          ${PAGE}/check_main.js)
    embed(kCampaignBody ${PAGE}/campaign.html ${PAGE}/many_end.html)
    embed(kCampaignScript ${PAGE}/common.js ${PAGE}/check_plots.js ${PAGE}/matrix.js
          ${PAGE}/campaign_main.js)
else()
    string(APPEND source "const bool kPresent = false;\n")
    foreach(constant IN ITEMS kStyle kChartStyle kChartScript kChartLicence kRunBody kRunScript
                              kCheckBody kCheckScript kCampaignBody kCampaignScript)
        string(APPEND source "const std::string_view ${constant};\n")
    endforeach()
endif()
string(APPEND source "\n}  // namespace leasehold::reports::assets\n")
file(WRITE "${OUTPUT}" "${source}")
