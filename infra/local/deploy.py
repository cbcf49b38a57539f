"""Deploys template.yaml to the local AWS, as `sam deploy` does to the real one.

It uploads one zip per function, puts the addresses into the template, creates and executes a change set, and prints the stack's outputs as one
line of JSON. Exit code 1 means that the stack was refused; the reasons are on standard error. The template itself is not changed in any other way.
"""

import argparse
import io
import json
import pathlib
import stat
import sys
import time
import zipfile

import boto3
import botocore.config
import botocore.exceptions

from template import load

CODE_BUCKET = "waybill-code"


def zipped(bootstrap: pathlib.Path) -> bytes:
    """The deployment package of one function. Stored, not compressed: it travels over loopback only."""
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = (stat.S_IFREG | 0o755) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(entry, bootstrap.read_bytes())
    return out.getvalue()


def package(template: dict, code: pathlib.Path, s3) -> None:
    """Uploads every function found under `code` and points its CodeUri at the upload."""
    try:
        s3.create_bucket(Bucket=CODE_BUCKET, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    except s3.exceptions.BucketAlreadyOwnedByYou:
        pass  # a second stack in the same local AWS
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        name = pathlib.PurePosixPath(resource["Properties"]["CodeUri"]).name
        bootstrap = code / name / "bootstrap"
        if not bootstrap.is_file():
            sys.exit(f"deploy: {bootstrap} is missing. Build the functions first: `cargo xtask up` does it.")
        key = f"{name}.zip"
        s3.put_object(Bucket=CODE_BUCKET, Key=key, Body=zipped(bootstrap))
        resource["Properties"]["CodeUri"] = f"s3://{CODE_BUCKET}/{key}"


def failures(cloudformation, stack: str) -> list[str]:
    """Why resources failed, oldest first, so that the first line is the cause and not its echo."""
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return [
        f'{event["LogicalResourceId"]}: {event.get("ResourceStatusReason", "no reason given")}'
        for event in reversed(events)
        if event.get("ResourceStatus", "").endswith("FAILED")
    ]


def deploy(cloudformation, stack: str, url: str, parameters: dict, seconds: int) -> dict:
    """Creates the change set, executes it, waits, and returns the outputs."""
    change = cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=f"local-{int(time.time())}",
        ChangeSetType="CREATE",
        TemplateURL=url,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )["Id"]
    end = time.monotonic() + seconds
    while (state := cloudformation.describe_change_set(ChangeSetName=change))["Status"] != "CREATE_COMPLETE":
        if state["Status"] == "FAILED" or time.monotonic() > end:
            sys.exit(f'deploy: the change set is {state["Status"]}: {state.get("StatusReason", "no reason given")}')
        time.sleep(0.1)
    cloudformation.execute_change_set(ChangeSetName=change)
    while True:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if found["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
        if not found["StackStatus"].endswith("IN_PROGRESS") or time.monotonic() > end:
            reasons = "\n  ".join(failures(cloudformation, stack) or ["no reason given"])
            sys.exit(f'deploy: {stack} is {found["StackStatus"]}\n  {reasons}')
        time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True, help="address of the local AWS")
    parser.add_argument("--region", required=True)
    parser.add_argument("--stack", required=True, help="stack name, such as waybill-local")
    parser.add_argument("--template", required=True, type=pathlib.Path)
    parser.add_argument("--code", required=True, type=pathlib.Path, help="folder with <function>/bootstrap")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--seconds", type=int, default=120, help="give up after this long")
    arguments = parser.parse_args()

    def client(service: str):
        return boto3.client(
            service,
            endpoint_url=arguments.endpoint,
            region_name=arguments.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
        )

    try:
        template = load(arguments.template)
        s3 = client("s3")
        package(template, arguments.code, s3)
        # By address, because a template of more than 51,200 bytes cannot travel in the call.
        s3.put_object(Bucket=CODE_BUCKET, Key="template.json", Body=json.dumps(template))
        url = f"{arguments.endpoint}/{CODE_BUCKET}/template.json"
        parameters = dict(pair.split("=", 1) for pair in arguments.parameter)
        outputs = deploy(client("cloudformation"), arguments.stack, url, parameters, arguments.seconds)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        sys.exit(f"deploy: the local AWS refused: {str(error)[:2000]}")
    print(json.dumps(outputs))


if __name__ == "__main__":
    main()
