# keymoor_add_ta(): builds, packs and signs a trusted application.
#
#   keymoor_add_ta(NAME
#       UUID 7d6a1f0e-3c52-4b8f-9a61-0d5b2f8c4e17
#       VERSION 1                                    # default 1
#       SOURCES hello.c ...
#       [PROPERTIES gpd.ta.singleInstance=true ...]
#       [STACK octets] [HEAP octets]                 # defaults 65536 and the service's own
#       [LIBS target ...]                            # static libraries to link in
#       [HEADER_DEFINES directory]                   # instead of UUID, PROPERTIES, STACK, HEAP
#       [INCLUDES directory ...]                     # more headers of the TA
#       [KEY key.pem]                                # default: KEYMOOR_TA_SIGNING_KEY
#       [PACKAGE_NAME name]                          # default: the UUID in lower case
#       [NO_INSTALL])
#
# HEADER_DEFINES names the directory with the TA's user_ta_header_defines.h, as other kits want it: UUID, flags, stack,
# heap and properties are taken from its macros; what is given here besides goes before. ta_prelude.h goes before
# each of the sources, for what they count on without including it.
#
# Makes the shared object NAME and, with every build, ${CMAKE_BINARY_DIR}/ta/<uuid>.stp signed with
# the key. Without KEY and KEYMOOR_TA_SIGNING_KEY a development key is made in the build directory
# on first use; its public half is ${CMAKE_BINARY_DIR}/ta-keys/dev.pem, which keymoord has to trust
# (--ta-key). It never leaves the build directory: sign what you ship with a key of your own.
set(KEYMOOR_TA_SIGNING_KEY "" CACHE FILEPATH "PEM private key that signs trusted applications; empty: a development key")

if(NOT DEFINED KEYMOOR_TA_PACKAGER)
    set(KEYMOOR_TA_PACKAGER ${CMAKE_CURRENT_LIST_DIR}/../factory/make_ta_package.sh)
endif()
# Headers for TAs, those that have the names of other kits in a directory of their own.
if(NOT DEFINED KEYMOOR_TA_INCLUDES)
    get_filename_component(keymoor_source ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)
    set(KEYMOOR_TA_INCLUDES ${keymoor_source}/include ${keymoor_source}/include/ta_kit)
endif()
set(KEYMOOR_TA_DEFINES ${CMAKE_CURRENT_LIST_DIR}/keymoor_ta_defines.c)
set(KEYMOOR_TA_EXPORTS ${CMAKE_CURRENT_LIST_DIR}/keymoor_ta.map)

function(keymoor_ta_run what)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed ERROR_VARIABLE said OUTPUT_QUIET)
    if(failed)
        message(FATAL_ERROR "keymoor_add_ta: ${what}: ${said}")
    endif()
endfunction()

# keymoor_ta_key(RET): the signing key's file; its public half stands in ta-keys/ afterwards.
function(keymoor_ta_key ret)
    find_program(KEYMOOR_OPENSSL openssl REQUIRED)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/ta-keys)
    if(KEYMOOR_TA_SIGNING_KEY)
        set(key ${KEYMOOR_TA_SIGNING_KEY})
        set(public ${CMAKE_BINARY_DIR}/ta-keys/site.pem)
    else()
        set(key ${CMAKE_BINARY_DIR}/ta-signing/dev.key)
        set(public ${CMAKE_BINARY_DIR}/ta-keys/dev.pem)
        if(NOT EXISTS ${key})
            file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/ta-signing)
            keymoor_ta_run("making the development key" ${KEYMOOR_OPENSSL} genpkey -algorithm EC
                           -pkeyopt ec_paramgen_curve:P-256 -out ${key})
            file(CHMOD ${key} FILE_PERMISSIONS OWNER_READ OWNER_WRITE)
        endif()
    endif()
    if(NOT EXISTS ${public} OR ${key} IS_NEWER_THAN ${public})
        keymoor_ta_run("reading ${key}" ${KEYMOOR_OPENSSL} pkey -in ${key} -pubout -out ${public})
    endif()
    set(${ret} ${key} PARENT_SCOPE)
endfunction()

# keymoor_ta_defines(RET DIRECTORY [INCLUDE...]): the lines that keymoor_ta_defines.c says about the header in it.
function(keymoor_ta_defines ret directory)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${directory}/user_ta_header_defines.h)
    string(MD5 place ${directory})
    try_run(ran compiled ${CMAKE_BINARY_DIR}/ta-defines/${place} ${KEYMOOR_TA_DEFINES}
        CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${directory};${ARGN};${KEYMOOR_TA_INCLUDES}"
        COMPILE_OUTPUT_VARIABLE said RUN_OUTPUT_VARIABLE lines)
    if(NOT compiled OR NOT ran EQUAL 0)
        message(FATAL_ERROR "keymoor_add_ta: ${directory}/user_ta_header_defines.h: ${said}")
    endif()
    unset(ran CACHE)
    unset(compiled CACHE)
    string(REPLACE "\n" ";" lines "${lines}")
    set(${ret} "${lines}" PARENT_SCOPE)
endfunction()

function(keymoor_add_ta name)
    cmake_parse_arguments(arg "NO_INSTALL" "UUID;VERSION;STACK;HEAP;KEY;PACKAGE_NAME;HEADER_DEFINES" "SOURCES;PROPERTIES;LIBS;INCLUDES" ${ARGN})
    set(includes "")
    foreach(directory IN LISTS arg_INCLUDES)
        get_filename_component(directory ${directory} ABSOLUTE)
        list(APPEND includes ${directory})
    endforeach()
    if(arg_HEADER_DEFINES)
        get_filename_component(arg_HEADER_DEFINES ${arg_HEADER_DEFINES} ABSOLUTE)
        keymoor_ta_defines(lines ${arg_HEADER_DEFINES} ${includes})
        foreach(line IN LISTS lines)
            string(REGEX MATCH "^[A-Z]+" word "${line}")
            string(REGEX REPLACE "^[A-Z]+=" "" value "${line}")
            if(word STREQUAL PROPERTY)
                list(APPEND arg_PROPERTIES "${value}")
            elseif(word AND NOT DEFINED arg_${word})
                set(arg_${word} "${value}")
            endif()
        endforeach()
    endif()
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_UUID OR NOT arg_SOURCES)
        message(FATAL_ERROR "keymoor_add_ta(${name}): UUID and SOURCES are needed; not understood: '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    string(TOLOWER ${arg_UUID} uuid)
    set(package ${uuid})
    if(arg_PACKAGE_NAME)
        set(package ${arg_PACKAGE_NAME})
    endif()
    set(key ${arg_KEY})
    if(NOT key)
        keymoor_ta_key(key)
    endif()

    # What a TA calls (TEE_...) is found in keymoor-host when it is loaded; what it shows is its
    # entry points and nothing else, whatever the visibility of its functions.
    add_library(${name} MODULE ${arg_SOURCES})
    set_target_properties(${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name} C_VISIBILITY_PRESET default
                          POSITION_INDEPENDENT_CODE ON LINK_DEPENDS ${KEYMOOR_TA_EXPORTS}
                          LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/ta-objects)
    target_link_options(${name} PRIVATE LINKER:--version-script=${KEYMOOR_TA_EXPORTS}
                        LINKER:-z,relro,-z,now,-z,noexecstack LINKER:--exclude-libs,ALL)
    target_include_directories(${name} PRIVATE ${arg_HEADER_DEFINES} ${includes} ${KEYMOOR_TA_INCLUDES})
    if(arg_HEADER_DEFINES)
        target_compile_options(${name} PRIVATE "SHELL:-include ta_prelude.h")
    endif()
    target_link_libraries(${name} PRIVATE ${arg_LIBS})
    if(TARGET km_common)
        target_link_libraries(${name} PRIVATE km_common)
    elseif(TARGET keymoor::ta)
        target_link_libraries(${name} PRIVATE keymoor::ta)
    endif()

    foreach(default IN ITEMS VERSION=1 STACK=65536 HEAP=0)
        string(REGEX MATCH "^[A-Z]+" word ${default})
        string(REGEX MATCH "[0-9]+$" value ${default})
        if(DEFINED arg_${word})
            set(value ${arg_${word}})
        endif()
        set(${word} ${value})
    endforeach()
    set(options -u ${uuid} -v ${VERSION} -s ${STACK} -m ${HEAP})
    foreach(property IN LISTS arg_PROPERTIES)
        list(APPEND options -p ${property})
    endforeach()
    set(out ${CMAKE_BINARY_DIR}/ta/${package}.stp)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/ta)
    add_custom_command(OUTPUT ${out}
        COMMAND ${CMAKE_STRIP} --strip-debug -o $<TARGET_FILE:${name}>.stripped $<TARGET_FILE:${name}>
        COMMAND ${KEYMOOR_TA_PACKAGER} -k ${key} ${options} -i $<TARGET_FILE:${name}>.stripped -o ${out}
        DEPENDS ${name} ${KEYMOOR_TA_PACKAGER} ${key}
        COMMENT "Signing ${package}.stp" VERBATIM)
    add_custom_target(${name}_package ALL DEPENDS ${out})
    set_target_properties(${name}_package PROPERTIES KEYMOOR_TA_PACKAGE ${out})
    if(NOT arg_NO_INSTALL AND DEFINED CMAKE_INSTALL_LIBDIR)
        install(FILES ${out} DESTINATION lib/keymoor/ta)
    endif()
endfunction()
