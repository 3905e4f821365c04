variable "stage" {
  default = "dev"
}

variable "name" {}

locals {
  prefix = "${var.stage}-shop"
  queues = { fast = 1, slow = 2 }
}

data "aws_caller_identity" "me" {}
data "aws_region" "here" {}

data "archive_file" "code" {
  type        = "zip"
  source_dir  = "${path.module}/src"
  output_path = "${path.module}/build/code.zip"
}

resource "aws_dynamodb_table" "orders" {
  name = "${local.prefix}-orders"
  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.own.arn
  }
}

resource "aws_kms_key" "own" {}

resource "aws_sqs_queue" "jobs" {
  for_each = local.queues
  name     = format("%s-%s", local.prefix, each.key)
}

resource "aws_lambda_function" "ingest" {
  function_name = "${local.prefix}-ingest"
  filename      = data.archive_file.code.output_path
  handler       = "ingest.handler"
  runtime       = "python3.13"
  role          = aws_iam_role.ingest.arn
  environment {
    variables = {
      TABLE = aws_dynamodb_table.orders.name
      QUEUE = aws_sqs_queue.jobs["fast"].url
      GIVEN = var.name
      PICK  = var.stage == "prod" ? "a" : aws_dynamodb_table.orders.arn
    }
  }
  dead_letter_config {
    target_arn = aws_sqs_queue.jobs["slow"].arn
  }
}

resource "aws_cloudwatch_log_group" "ingest" {
  name = "/aws/lambda/${aws_lambda_function.ingest.function_name}"
}

resource "aws_lambda_event_source_mapping" "fast" {
  function_name    = aws_lambda_function.ingest.arn
  event_source_arn = aws_sqs_queue.jobs["fast"].arn
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "ingest" {
  statement {
    sid       = "Table"
    actions   = ["dynamodb:PutItem"]
    resources = [aws_dynamodb_table.orders.arn, "${aws_dynamodb_table.orders.arn}/index/*"]
    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [data.aws_region.here.name]
    }
  }
}

resource "aws_iam_role" "ingest" {
  name               = "${local.prefix}-ingest"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "ingest" {
  role   = aws_iam_role.ingest.id
  policy = data.aws_iam_policy_document.ingest.json
}

resource "aws_iam_role_policy_attachment" "basic" {
  role       = aws_iam_role.ingest.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

module "worker" {
  source = "./modules/worker"
  table  = aws_dynamodb_table.orders.name
  stage  = var.stage
}

module "far" {
  source = "example/unknown/aws"
}

module "alerts" {
  source = "terraform-aws-modules/sns/aws"
  name   = "alerts"
}

module "alert" {
  source                = "terraform-aws-modules/lambda/aws"
  function_name         = "alert"
  handler               = "ingest.handler"
  runtime               = "python3.13"
  source_path           = "${path.module}/src"
  environment_variables = { TOPIC = module.alerts.topic_arn }
  policy_statements = {
    publish = { effect = "Allow", actions = ["sns:Publish"], resources = [module.alerts.topic_arn] }
  }
}
