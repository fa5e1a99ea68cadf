# How every target of the tree is compiled, and the small functions the rooms use.
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Threads REQUIRED)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
                    -Wvla -Wswitch-enum -Werror -fno-common -fstack-protector-strong
                    -fno-delete-null-pointer-checks -fno-strict-overflow -D_GNU_SOURCE
                    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(NOT KEYMOOR_SANITIZE)
    add_compile_options(-fstack-clash-protection -fcf-protection)
    add_compile_definitions($<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
    add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack,--as-needed)
else()
    add_compile_options(-fsanitize=${KEYMOOR_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${KEYMOOR_SANITIZE})
endif()
if(KEYMOOR_FUZZ)
    # Every target reports coverage; libFuzzer's own main is linked to the fuzz targets alone.
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
include_directories(${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)

# km_add_unit_test(NAME SOURCES... [LIBS ...]): a cmocka program run by ctest.
function(km_add_unit_test name)
    cmake_parse_arguments(arg "" "" "LIBS" ${ARGN})
    if(NOT BUILD_TESTING)
        return()
    endif()
    pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
    add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
    target_link_libraries(${name} PRIVATE ${arg_LIBS} PkgConfig::CMOCKA)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endfunction()

# km_add_fuzzer(NAME SOURCES... [LIBS ...]): a libFuzzer target; its seeds are fuzz/corpus/NAME/.
function(km_add_fuzzer name)
    cmake_parse_arguments(arg "" "" "LIBS" ${ARGN})
    if(NOT KEYMOOR_FUZZ)
        return()
    endif()
    add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${name} PRIVATE ${arg_LIBS})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()
