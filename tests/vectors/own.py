def suites():
    return []
