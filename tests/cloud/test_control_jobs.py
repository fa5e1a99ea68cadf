#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Jobs by boto3: made, looked at, canceled; and what devices ask for over HTTP."""
import json
import sqlite3
import subprocess
import threading
import time

from botocore.exceptions import ClientError

from control_rig import ACCOUNT, OTHER_KEY, REGION, Case, main

ARN = f"arn:aws:iot:{REGION}:{ACCOUNT}:"
DOCUMENT = json.dumps({"operation": "reboot"})


class Jobs(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = cls.control.client("iot-jobs-data")
        cls.n = 0

    def thing(self):
        type(self).n += 1
        name = f"lamp-{self.n}"
        self.iot.create_thing(thingName=name)
        return name

    def job(self, *things, **more):
        type(self).n += 1
        job = f"job_{self.n}"
        targets = more.pop("targets", [f"{ARN}thing/{thing}" for thing in things])
        answer = self.iot.create_job(jobId=job, targets=targets, document=more.pop("document", DOCUMENT), **more)
        self.assertEqual((answer["jobId"], answer["jobArn"]), (job, f"{ARN}job/{job}"))
        return job

    def counts(self, job):
        details = self.iot.describe_job(jobId=job)["job"]["jobProcessDetails"]
        return {name[8:-6]: n for name, n in details.items() if n}

    def status(self, job):
        return self.iot.describe_job(jobId=job)["job"]["status"]

    def execution(self, thing, job):
        return self.iot.describe_job_execution(thingName=thing, jobId=job)["execution"]

    def test_one_thing_from_start_to_end(self):
        thing = self.thing()
        job = self.job(thing, description="a job", timeoutConfig={"inProgressTimeoutInMinutes": 5})
        described = self.iot.describe_job(jobId=job)["job"]
        self.assertEqual((described["status"], described["targetSelection"], described["description"], described["targets"],
                          described["timeoutConfig"]),
                         ("IN_PROGRESS", "SNAPSHOT", "a job", [f"{ARN}thing/{thing}"], {"inProgressTimeoutInMinutes": 5}))
        self.assertEqual(self.counts(job), {"Queued": 1})
        self.assertEqual(self.iot.get_job_document(jobId=job)["document"], DOCUMENT)
        pending = self.data.get_pending_job_executions(thingName=thing)
        self.assertEqual((pending["inProgressJobs"], pending["queuedJobs"][0]["jobId"]), ([], job))
        waiting = self.data.describe_job_execution(thingName=thing, jobId="$next")["execution"]
        self.assertEqual((waiting["status"], waiting["jobDocument"], waiting["versionNumber"]), ("QUEUED", DOCUMENT, 1))
        started = self.data.start_next_pending_job_execution(thingName=thing, statusDetails={"step": "1"},
                                                             stepTimeoutInMinutes=1)["execution"]
        self.assertEqual((started["jobId"], started["status"], started["versionNumber"]), (job, "IN_PROGRESS", 2))
        self.assertLessEqual(started["approximateSecondsBeforeTimedOut"], 60)
        answer = self.data.update_job_execution(jobId=job, thingName=thing, status="SUCCEEDED", expectedVersion=2,
                                                includeJobExecutionState=True, includeJobDocument=True)
        self.assertEqual(answer["executionState"], {"status": "SUCCEEDED", "statusDetails": {"step": "1"}, "versionNumber": 3})
        self.assertEqual(answer["jobDocument"], DOCUMENT)
        self.assertEqual((self.status(job), self.counts(job)), ("COMPLETED", {"Succeeded": 1}))
        seen = self.execution(thing, job)
        self.assertEqual((seen["status"], seen["versionNumber"], seen["executionNumber"], seen["statusDetails"]),
                         ("SUCCEEDED", 3, 1, {"detailsMap": {"step": "1"}}))
        self.assertEqual(seen["thingArn"], f"{ARN}thing/{thing}")
        self.assertNotIn("execution", self.data.start_next_pending_job_execution(thingName=thing))
        self.refused("TerminalStateException", self.data.describe_job_execution, thingName=thing, jobId=job)
        self.refused("InvalidStateTransitionException", self.data.update_job_execution, thingName=thing, jobId=job,
                     status="FAILED")

    def test_tags(self):
        arn = self.iot.create_job(jobId="tagged", targets=[f"{ARN}thing/{self.thing()}"], document=DOCUMENT,
                                  tags=[{"Key": "wave", "Value": "1"}])["jobArn"]
        self.iot.tag_resource(resourceArn=arn, tags=[{"Key": "by", "Value": "night"}])
        self.assertEqual(self.iot.list_tags_for_resource(resourceArn=arn)["tags"],
                         [{"Key": "by", "Value": "night"}, {"Key": "wave", "Value": "1"}])
        self.iot.delete_job(jobId="tagged", force=True)
        self.refused("ResourceNotFoundException", self.iot.list_tags_for_resource, resourceArn=arn)

    def test_bad_input(self):
        thing = self.thing()
        targets = [f"{ARN}thing/{thing}"]
        good = {"jobId": "bad", "targets": targets, "document": DOCUMENT}
        for change in ({"targets": []}, {"targets": ["lamp"]}, {"targets": [f"{ARN}cert/{'0' * 64}"]}, {"targets": "lamp"},
                       {"targets": targets * 101}, {"targets": [f"arn:aws:iot:{REGION}:210987654321:thing/{thing}"]},
                       {"document": "{"}, {"document": "[]"}, {"document": json.dumps({"a": "b" * 32768})},
                       {"document": None}, {"jobId": "a.b"}, {"jobId": "a" * 65}, {"targetSelection": "SOME"},
                       {"timeoutConfig": {"inProgressTimeoutInMinutes": 0}},
                       {"timeoutConfig": {"inProgressTimeoutInMinutes": 10081}},
                       {"description": "x" * 2029}, {"documentSource": "https://s3.amazonaws.com/a/b"},
                       {"presignedUrlConfig": {}}, {"abortConfig": {"criteriaList": []}}, {"tags": [{"Key": "aws:x", "Value": "y"}]},
                       {"jobExecutionsRolloutConfig": {"maximumPerMinute": 0}}, {"jobTemplateArn": "arn:aws:iot:x"},
                       {"jobExecutionsRetryConfig": {"criteriaList": []}}, {"schedulingConfig": {}},
                       {"schedulingConfig": {"startTime": "2020-01-01 00:00"}}, {"namespaceId": "space"},
                       {"schedulingConfig": {"startTime": "2099-01-01 00:00", "endTime": "2098-01-01 00:00"}},
                       {"documentParameters": {"a": "b"}}):
            with self.subTest(change=str(change)[:60]):
                self.refused("InvalidRequestException", self.iot.create_job, **{**good, **change})
        self.refused("ResourceNotFoundException", self.iot.create_job, **{**good, "targets": [f"{ARN}thing/nobody"]})
        self.refused("ResourceNotFoundException", self.iot.create_job, **{**good, "targets": [f"{ARN}thinggroup/none"]})
        for call in (self.iot.describe_job, self.iot.get_job_document, self.iot.cancel_job, self.iot.delete_job,
                     self.iot.list_job_executions_for_job):
            self.refused("ResourceNotFoundException", call, jobId="bad")
        self.iot.create_job(**good)
        self.refused("ResourceAlreadyExistsException", self.iot.create_job, **good)
        self.refused("InvalidRequestException", self.iot.cancel_job, jobId="bad", reasonCode="because")
        for status in ("QUEUED", "CANCELED", "nothing"):
            self.refused("InvalidRequestException", self.data.update_job_execution, thingName=thing, jobId="bad", status=status)
        self.refused("InvalidRequestException", self.data.update_job_execution, thingName=thing, jobId="bad", status="FAILED",
                     statusDetails={"a": "x" * 1025})
        self.refused("InvalidRequestException", self.data.update_job_execution, thingName=thing, jobId="$next",
                     status="FAILED")
        self.refused("ResourceNotFoundException", self.data.update_job_execution, thingName=thing, jobId="none",
                     status="FAILED")

    def test_limits_are_met(self):
        thing = self.thing()
        filler = 32768 - len(json.dumps({"a": ""}))
        job = self.job(thing, document=json.dumps({"a": "b" * filler}), description="x" * 2028,
                       timeoutConfig={"inProgressTimeoutInMinutes": 10080})
        self.assertEqual(len(self.data.start_next_pending_job_execution(thingName=thing)["execution"]["jobDocument"]), 32768)
        details = {f"{i}" * 64 + "x" * 64: "y" * 1024 for i in range(10)}
        self.data.update_job_execution(thingName=thing, jobId=job, status="FAILED", statusDetails=details)
        self.assertEqual(self.execution(thing, job)["statusDetails"]["detailsMap"], details)

    def test_cancel(self):
        one, two = self.thing(), self.thing()
        job = self.job(one, two)
        self.data.start_next_pending_job_execution(thingName=one)
        self.iot.cancel_job(jobId=job, reasonCode="NO_MORE", comment="as a test")
        described = self.iot.describe_job(jobId=job)["job"]
        self.assertEqual((described["status"], described["reasonCode"], described["comment"]),
                         ("CANCELED", "NO_MORE", "as a test"))
        self.assertEqual(self.counts(job), {"InProgress": 1, "Canceled": 1})
        self.refused("InvalidRequestException", self.iot.cancel_job, jobId=job)
        self.iot.cancel_job(jobId=job, force=True)
        self.assertEqual(self.counts(job), {"Canceled": 2})
        self.assertTrue(self.execution(one, job)["forceCanceled"])
        status, headers, content = self.control.send("POST", f"/things/{one}/jobs/{job}", b'{"status": "SUCCEEDED"}',
                                                     service="iot-jobs-data")
        self.assertEqual((status, headers["x-amzn-errortype"], json.loads(content)["executionState"]["status"]),
                         (409, "InvalidStateTransitionException", "CANCELED"))
        self.refused("InvalidRequestException", self.iot.update_job, jobId=job, description="new")

    def test_cancel_one(self):
        one, two = self.thing(), self.thing()
        job = self.job(one, two)
        self.refused("VersionConflictException", self.iot.cancel_job_execution, jobId=job, thingName=one, expectedVersion=7)
        self.iot.cancel_job_execution(jobId=job, thingName=one, expectedVersion=1, statusDetails={"by": "me"})
        self.assertEqual(self.execution(one, job)["status"], "CANCELED")
        self.assertEqual(self.execution(one, job)["statusDetails"], {"detailsMap": {"by": "me"}})
        self.refused("InvalidStateTransitionException", self.iot.cancel_job_execution, jobId=job, thingName=one)
        self.data.start_next_pending_job_execution(thingName=two)
        self.refused("InvalidStateTransitionException", self.iot.cancel_job_execution, jobId=job, thingName=two)
        self.refused("InvalidStateTransitionException", self.iot.delete_job_execution, jobId=job, thingName=two,
                     executionNumber=1)
        self.assertEqual(self.status(job), "IN_PROGRESS")
        self.iot.cancel_job_execution(jobId=job, thingName=two, force=True)
        self.assertEqual(self.status(job), "COMPLETED")
        self.iot.delete_job_execution(jobId=job, thingName=two, executionNumber=1)
        self.refused("ResourceNotFoundException", self.iot.describe_job_execution, jobId=job, thingName=two)

    def test_delete_and_update(self):
        thing = self.thing()
        job = self.job(thing)
        self.iot.update_job(jobId=job, description="other", timeoutConfig={"inProgressTimeoutInMinutes": 9})
        described = self.iot.describe_job(jobId=job)["job"]
        self.assertEqual((described["description"], described["timeoutConfig"]),
                         ("other", {"inProgressTimeoutInMinutes": 9}))
        self.refused("InvalidRequestException", self.iot.update_job, jobId=job, abortConfig={"criteriaList": []})
        self.refused("InvalidStateTransitionException", self.iot.delete_job, jobId=job)
        self.iot.delete_job(jobId=job, force=True)
        self.refused("ResourceNotFoundException", self.iot.describe_job, jobId=job)
        self.assertEqual(self.data.get_pending_job_executions(thingName=thing)["queuedJobs"], [])

    def test_lists(self):
        thing = self.thing()
        self.iot.create_thing_group(thingGroupName="listed")
        jobs = [self.job(thing) for _ in range(3)]
        group = self.job(targets=[f"{ARN}thinggroup/listed"], targetSelection="CONTINUOUS")
        self.iot.cancel_job(jobId=jobs[1])
        names = [one["jobId"] for page in self.iot.get_paginator("list_jobs").paginate(PaginationConfig={"PageSize": 1})
                 for one in page["jobs"]]
        self.assertEqual([name for name in names if name in jobs], jobs)
        self.assertEqual(len(names), len(set(names)))
        canceled = [one["jobId"] for one in self.iot.list_jobs(status="CANCELED")["jobs"]]
        self.assertIn(jobs[1], canceled)
        self.assertNotIn(jobs[0], canceled)
        self.assertEqual([one["jobId"] for one in self.iot.list_jobs(thingGroupName="listed")["jobs"]], [group])
        self.assertIn(group, [one["jobId"] for one in self.iot.list_jobs(targetSelection="CONTINUOUS")["jobs"]])
        self.assertEqual(self.iot.list_jobs(status="SCHEDULED")["jobs"], [])
        self.refused("InvalidRequestException", self.iot.list_jobs, status="OPEN")
        found = self.iot.list_job_executions_for_thing(thingName=thing, status="QUEUED")["executionSummaries"]
        self.assertEqual(sorted(one["jobId"] for one in found), sorted([jobs[0], jobs[2]]))
        found = self.iot.list_job_executions_for_thing(thingName=thing, jobId=jobs[1])["executionSummaries"]
        self.assertEqual([one["jobExecutionSummary"]["status"] for one in found], ["CANCELED"])
        found = self.iot.list_job_executions_for_job(jobId=jobs[0])["executionSummaries"]
        self.assertEqual([one["thingArn"] for one in found], [f"{ARN}thing/{thing}"])
        self.refused("ResourceNotFoundException", self.iot.list_job_executions_for_thing, thingName="nobody")
        other = self.control.client("iot", OTHER_KEY)
        self.assertEqual(other.list_jobs()["jobs"], [])
        self.refused("ResourceNotFoundException", other.describe_job, jobId=jobs[0])

    def test_groups(self):
        early, late = self.thing(), self.thing()
        self.iot.create_thing_group(thingGroupName="above")
        self.iot.create_thing_group(thingGroupName="below", parentGroupName="above")
        self.iot.add_thing_to_thing_group(thingGroupName="below", thingName=early)
        target = [f"{ARN}thinggroup/above"]
        snapshot = self.job(targets=target)
        continuous = self.job(targets=target, targetSelection="CONTINUOUS")
        self.iot.add_thing_to_thing_group(thingGroupName="above", thingName=late)
        self.assertEqual((self.counts(snapshot), self.counts(continuous)), ({"Queued": 1}, {"Queued": 2}))
        self.iot.remove_thing_from_thing_group(thingGroupName="below", thingName=early)
        self.assertEqual(self.execution(early, continuous)["status"], "REMOVED")
        self.assertEqual(self.execution(early, snapshot)["status"], "QUEUED")
        self.iot.delete_thing(thingName=late)
        self.assertEqual(self.counts(continuous), {"Removed": 2})
        self.assertEqual(self.status(continuous), "IN_PROGRESS")

    def change_row(self, sql):
        """What takes minutes, in no time."""
        if self.control.registry.startswith("sqlite:"):
            with sqlite3.connect(f"{self.control.dir}/registry.db", timeout=60) as database:
                database.execute(sql)
        else:
            subprocess.run(["psql", "-qX", self.control.registry.split(":", 1)[1], "-c", sql], check=True)

    def test_time_is_over(self):
        thing = self.thing()
        job = self.job(thing, timeoutConfig={"inProgressTimeoutInMinutes": 1})
        self.data.start_next_pending_job_execution(thingName=thing)
        self.change_row(f"UPDATE job_execution SET due_ms = 1 WHERE job = '{job}'")
        self.until("TIMED_OUT", lambda: self.execution(thing, job)["status"])
        self.assertEqual((self.execution(thing, job)["status"], self.execution(thing, job)["versionNumber"]), ("TIMED_OUT", 3))
        self.assertEqual(self.status(job), "COMPLETED")

    def until(self, expected, look):
        """What happens by itself, a second or so later."""
        deadline = time.monotonic() + 60
        while look() != expected:
            self.assertLess(time.monotonic(), deadline, f"{look()} instead of {expected}")
            time.sleep(0.05)

    def group(self, n):
        type(self).n += 1
        name = f"group-{self.n}"
        self.iot.create_thing_group(thingGroupName=name)
        for thing in [self.thing() for _ in range(n)]:
            self.iot.add_thing_to_thing_group(thingGroupName=name, thingName=thing)
        return name

    def test_rollout(self):
        rollout = {"maximumPerMinute": 8, "exponentialRate": {
            "baseRatePerMinute": 2, "incrementFactor": 2.5, "rateIncreaseCriteria": {"numberOfNotifiedThings": 2}}}
        job = self.job(targets=[f"{ARN}thinggroup/{self.group(9)}"], jobExecutionsRolloutConfig=rollout)
        described = self.iot.describe_job(jobId=job)["job"]
        self.assertEqual((described["jobExecutionsRolloutConfig"], described["status"], described["isConcurrent"]),
                         (rollout, "IN_PROGRESS", True))
        self.assertEqual(self.counts(job), {"Queued": 2})
        self.change_row(f"UPDATE job SET minute_ms = 1, due_ms = 1 WHERE id = '{job}'")
        self.until({"Queued": 7}, lambda: self.counts(job))
        self.iot.update_job(jobId=job, jobExecutionsRolloutConfig={"maximumPerMinute": 1})
        self.change_row(f"UPDATE job SET minute_ms = 1, due_ms = 1 WHERE id = '{job}'")
        self.until({"Queued": 8}, lambda: self.counts(job))
        self.change_row(f"UPDATE job SET minute_ms = 1, due_ms = 1 WHERE id = '{job}'")
        self.until({"Queued": 9}, lambda: self.counts(job))
        self.assertFalse(self.iot.describe_job(jobId=job)["job"]["isConcurrent"])
        self.assertEqual(self.iot.describe_job(jobId=job)["job"]["jobExecutionsRolloutConfig"], {"maximumPerMinute": 1})

    def test_schedule(self):
        thing = self.thing()
        schedule = {"startTime": "2099-01-01 00:00", "endTime": "2099-02-01 00:00", "endBehavior": "FORCE_CANCEL"}
        job = self.job(thing, schedulingConfig=schedule)
        self.addCleanup(self.iot.delete_job, jobId=job, force=True)
        self.assertEqual((self.status(job), self.counts(job)), ("SCHEDULED", {}))
        self.assertEqual(self.iot.describe_job(jobId=job)["job"]["schedulingConfig"], schedule)
        self.assertEqual([one["jobId"] for one in self.iot.list_jobs(status="SCHEDULED")["jobs"]], [job])
        self.assertEqual(self.data.get_pending_job_executions(thingName=thing)["queuedJobs"], [])
        body = json.dumps({"schedulingConfig": schedule}).encode()  # the service's own model has it not
        self.assertEqual(self.control.send("PATCH", f"/jobs/{job}", body)[0], 400)
        self.change_row(f"UPDATE job SET config = replace(config, '2099-01', '2020-01'), due_ms = 1 WHERE id = '{job}'")
        self.until("IN_PROGRESS", lambda: self.status(job))
        self.data.start_next_pending_job_execution(thingName=thing)
        self.change_row(f"UPDATE job SET config = replace(config, '2099-02', '2020-02'), due_ms = 1 WHERE id = '{job}'")
        self.until("CANCELED", lambda: self.status(job))
        described = self.iot.describe_job(jobId=job)["job"]
        self.assertEqual((described["reasonCode"], described["forceCanceled"]), ("END_TIME_REACHED", True))
        self.assertEqual(self.counts(job), {"Canceled": 1})

    def test_given_up(self):
        things = [self.thing() for _ in range(4)]
        abort = {"criteriaList": [{"failureType": "REJECTED", "action": "CANCEL", "thresholdPercentage": 66.6,
                                   "minNumberOfExecutedThings": 3}]}
        job = self.job(*things, abortConfig=abort)
        self.assertEqual(self.iot.describe_job(jobId=job)["job"]["abortConfig"], abort)
        for thing, status in zip(things, ("REJECTED", "SUCCEEDED")):
            self.data.update_job_execution(jobId=job, thingName=thing, status=status)
        self.assertEqual(self.status(job), "IN_PROGRESS")
        self.data.update_job_execution(jobId=job, thingName=things[2], status="REJECTED")
        self.assertEqual((self.status(job), self.counts(job)), ("CANCELED", {"Rejected": 2, "Succeeded": 1, "Canceled": 1}))
        self.assertEqual(self.iot.describe_job(jobId=job)["job"]["reasonCode"], "ABORT_CRITERIA_MET")

    def test_tried_again(self):
        thing = self.thing()
        retry = {"criteriaList": [{"failureType": "FAILED", "numberOfRetries": 1}]}
        job = self.job(thing, jobExecutionsRetryConfig=retry)
        self.assertEqual(self.iot.describe_job(jobId=job)["job"]["jobExecutionsRetryConfig"], retry)
        self.data.update_job_execution(jobId=job, thingName=thing, status="FAILED")
        again = self.execution(thing, job)
        self.assertEqual((again["executionNumber"], again["status"]), (2, "QUEUED"))
        self.assertEqual(self.iot.describe_job_execution(thingName=thing, jobId=job, executionNumber=1)["execution"]["status"],
                         "FAILED")
        self.data.update_job_execution(jobId=job, thingName=thing, status="FAILED")
        self.assertEqual((self.status(job), self.counts(job)), ("COMPLETED", {"Failed": 1}))
        tries = [one["jobExecutionSummary"] for one in self.iot.list_job_executions_for_job(jobId=job)["executionSummaries"]]
        self.assertEqual([(one["executionNumber"], one.get("retryAttempt")) for one in tries], [(1, None), (2, 1)])
        tries = [one["jobExecutionSummary"] for one in
                 self.iot.list_job_executions_for_thing(thingName=thing, jobId=job)["executionSummaries"]]
        self.assertEqual([one.get("retryAttempt") for one in tries], [None, 1])

    def test_more_targets(self):
        first, second = self.group(2), self.group(3)
        job = self.job(targets=[f"{ARN}thinggroup/{first}"], targetSelection="CONTINUOUS", description="grows")
        answer = self.iot.associate_targets_with_job(jobId=job, targets=[f"{ARN}thinggroup/{second}"], comment="more")
        self.assertEqual((answer["jobId"], answer["jobArn"], answer["description"]), (job, f"{ARN}job/{job}", "grows"))
        self.assertEqual(self.counts(job), {"Queued": 5})
        self.assertEqual(self.iot.describe_job(jobId=job)["job"]["targets"],
                         [f"{ARN}thinggroup/{name}" for name in sorted((first, second))])
        self.assertEqual([one["jobId"] for one in self.iot.list_jobs(thingGroupName=second)["jobs"]], [job])
        self.refused("InvalidRequestException", self.iot.associate_targets_with_job, jobId=job, targets=[])
        self.refused("ResourceNotFoundException", self.iot.associate_targets_with_job, jobId=job,
                     targets=[f"{ARN}thing/nobody"])
        self.refused("ResourceNotFoundException", self.iot.associate_targets_with_job, jobId="none",
                     targets=[f"{ARN}thinggroup/{second}"])
        snapshot = self.job(targets=[f"{ARN}thinggroup/{first}"])
        self.refused("InvalidRequestException", self.iot.associate_targets_with_job, jobId=snapshot,
                     targets=[f"{ARN}thinggroup/{second}"])

    def test_templates(self):
        config = {"abortConfig": {"criteriaList": [{"failureType": "ALL", "action": "CANCEL", "thresholdPercentage": 50,
                                                    "minNumberOfExecutedThings": 2}]},
                  "jobExecutionsRolloutConfig": {"maximumPerMinute": 9}, "timeoutConfig": {"inProgressTimeoutInMinutes": 3}}
        good = {"jobTemplateId": "reboot", "description": "once more", "document": DOCUMENT, **config}
        made = self.iot.create_job_template(**good, tags=[{"Key": "by", "Value": "night"}])
        self.assertEqual((made["jobTemplateId"], made["jobTemplateArn"]), ("reboot", f"{ARN}jobtemplate/reboot"))
        self.refused("ConflictException", self.iot.create_job_template, **good)
        for change in ({"description": None}, {"document": None}, {"document": "["}, {"jobTemplateId": "a.b"},
                       {"schedulingConfig": {"startTime": "2099-01-01 00:00"}}, {"presignedUrlConfig": {}},
                       {"abortConfig": {"criteriaList": []}}):
            with self.subTest(change=str(change)):
                body = {**good, "jobTemplateId": "bad", **change}
                name = body.pop("jobTemplateId")
                status, headers, _ = self.control.send("PUT", f"/job-templates/{name}", json.dumps(body).encode())
                self.assertEqual((status, headers["x-amzn-errortype"]), (400, "InvalidRequestException"))
        told = self.iot.describe_job_template(jobTemplateId="reboot")
        for name, value in {**good, "jobTemplateArn": made["jobTemplateArn"]}.items():
            self.assertEqual(told[name], value)
        self.assertEqual(self.iot.list_tags_for_resource(resourceArn=made["jobTemplateArn"])["tags"],
                         [{"Key": "by", "Value": "night"}])
        thing = self.thing()
        arn = made["jobTemplateArn"]
        self.iot.create_job(jobId="templated", targets=[f"{ARN}thing/{thing}"], jobTemplateArn=arn,
                            jobExecutionsRolloutConfig={"maximumPerMinute": 4})
        job = self.iot.describe_job(jobId="templated")["job"]
        self.assertEqual((job["jobTemplateArn"], job["description"], job["abortConfig"], job["timeoutConfig"],
                          job["jobExecutionsRolloutConfig"]),
                         (arn, "once more", config["abortConfig"], config["timeoutConfig"], {"maximumPerMinute": 4}))
        self.assertEqual(self.iot.get_job_document(jobId="templated")["document"], DOCUMENT)
        self.iot.create_job_template(jobTemplateId="of-a-job", jobArn=f"{ARN}job/templated", description="of a job")
        told = self.iot.describe_job_template(jobTemplateId="of-a-job")
        self.assertEqual((told["document"], told["abortConfig"], told["timeoutConfig"], told["jobExecutionsRolloutConfig"]),
                         (DOCUMENT, config["abortConfig"], config["timeoutConfig"], {"maximumPerMinute": 4}))
        names = [one["jobTemplateId"] for page in
                 self.iot.get_paginator("list_job_templates").paginate(PaginationConfig={"PageSize": 1})
                 for one in page["jobTemplates"]]
        self.assertEqual(names, ["of-a-job", "reboot"])
        self.iot.delete_job_template(jobTemplateId="reboot")
        self.refused("ResourceNotFoundException", self.iot.describe_job_template, jobTemplateId="reboot")
        self.refused("ResourceNotFoundException", self.iot.delete_job_template, jobTemplateId="reboot")
        self.refused("ResourceNotFoundException", self.iot.create_job, jobId="late", targets=[f"{ARN}thing/{thing}"],
                     jobTemplateArn=arn)
        self.refused("ResourceNotFoundException", self.iot.create_job_template, jobTemplateId="x", description="d",
                     jobArn=f"{ARN}job/none")
        self.assertEqual(self.status("templated"), "IN_PROGRESS")

    def test_two_that_expect_one_version(self):
        thing = self.thing()
        job = self.job(thing)
        outcomes = []

        def update(status):
            client = self.control.client("iot-jobs-data")
            try:
                client.update_job_execution(thingName=thing, jobId=job, status=status, expectedVersion=1)
                outcomes.append(status)
            except ClientError as error:
                outcomes.append(error.response["Error"]["Code"])

        threads = [threading.Thread(target=update, args=(status,)) for status in ("SUCCEEDED", "FAILED")]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        self.assertIn("VersionConflictException", outcomes)
        outcomes.remove("VersionConflictException")
        self.assertEqual(self.execution(thing, job)["status"], outcomes[0])

    def test_signed_for_another_service(self):
        thing = self.thing()
        self.job(thing)
        for service, member in (("iot", b"executionSummaries"), ("iot-jobs-data", b"queuedJobs")):
            status, _, content = self.control.send("GET", f"/things/{thing}/jobs", service=service)
            self.assertEqual(status, 200)
            self.assertIn(member, content)
        self.assertEqual(self.control.send("GET", f"/things/{thing}/jobs", service="lambda")[0], 403)


if __name__ == "__main__":
    main()
